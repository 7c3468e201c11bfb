using System.Text.RegularExpressions;

namespace AdaLora.Targeting;

/// <summary>Names as people write them: TorchSharp registers the value of an automatic property under its hidden field, which goes by the name of the property here.</summary>
internal static partial class ReadableName
{
    public static string Of(string name) => name.Contains('<', StringComparison.Ordinal) ? HiddenField().Replace(name, "$1") : name;

    [GeneratedRegex("<([^<>]+)>k__BackingField", RegexOptions.CultureInvariant)]
    private static partial Regex HiddenField();
}
