using System.Text.RegularExpressions;

namespace AdaLora.Targeting;

/// <summary>Names as somebody would write them: the hidden field of an automatic property, under which TorchSharp registers what the property holds, goes by the name of the property.</summary>
internal static partial class ReadableName
{
    public static string Of(string name) => name.Contains('<', StringComparison.Ordinal) ? HiddenField().Replace(name, "$1") : name;

    [GeneratedRegex("<([^<>]+)>k__BackingField", RegexOptions.CultureInvariant)]
    private static partial Regex HiddenField();
}
