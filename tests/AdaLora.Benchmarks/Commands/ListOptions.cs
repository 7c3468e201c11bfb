using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>Options that take several values, separated by commas.</summary>
internal static class ListOptions
{
    public static Option<IReadOnlyList<int>> Numbers(string name, string description, params int[] defaults)
    {
        var option = ParsedOption.Create(name, $"{description} Several are separated by commas.", "NUMBERS", ListArguments.Numbers);
        option.DefaultValueFactory = _ => defaults;
        return option;
    }

    public static Option<IReadOnlyList<string>> ElementTypesOption() => Names("--dtype", "Element types", ElementTypes.Names, ElementTypes.Single);

    public static Option<IReadOnlyList<string>> Names(string name, string description, IReadOnlyList<string> known, params string[] defaults)
    {
        var option = ParsedOption.Create(name, $"{description}: {string.Join(" or ", known)}, or several separated by commas.", "NAMES", Parse);
        option.DefaultValueFactory = _ => defaults;
        return option;

        IReadOnlyList<string> Parse(string text)
        {
            var names = ListArguments.Names(text);
            return names.Except(known).FirstOrDefault() is { } unknown
                ? throw new UserInputException($"'{unknown}' is not one of {string.Join(", ", known)}.")
                : names;
        }
    }
}
