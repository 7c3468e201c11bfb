using System.CommandLine;
using System.Numerics;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Options whose text is read the same way in every culture, with an error that says what was expected.</summary>
internal static class ParsedOption
{
    /// <summary>A number with a default.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue)
        where T : struct, INumber<T> => WithDefault(name, description, NumberText.HelpName<T>(), NumberText.Parse<T>, defaultValue);

    /// <summary>A number that may be omitted.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string description)
        where T : struct, INumber<T> => Create<T?>(name, description, NumberText.HelpName<T>(), text => NumberText.Parse<T>(text));

    /// <summary>A value that <paramref name="parse"/> reads from the text; its <see cref="UserInputException"/> becomes the error.</summary>
    public static Option<T> Create<T>(string name, string description, string helpName, Func<string, T> parse, bool required = false) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Required = required,
        CustomParser = result =>
        {
            try
            {
                return parse(result.Tokens[0].Value);
            }
            catch (UserInputException e)
            {
                result.AddError($"{name}: {e.Message}");
                return default!;
            }
        },
    };

    /// <summary>As <see cref="Create"/>, with a default.</summary>
    public static Option<T> WithDefault<T>(string name, string description, string helpName, Func<string, T> parse, T defaultValue)
    {
        var option = Create(name, description, helpName, parse);
        option.DefaultValueFactory = _ => defaultValue;
        return option;
    }
}
