using System.Globalization;

namespace AdaLora.Experiments.Reports;

/// <summary>A module name taken apart at its first number: "bert.encoder.layer.3.attention.self.query" is matrix "attention.self.query" of layer 3.</summary>
/// <param name="Prefix">What comes before the number; "" for a name that begins with it or has none.</param>
/// <param name="Layer">The number; null for a module outside the stack of layers.</param>
/// <param name="Matrix">What comes after the number, or the whole name if there is none.</param>
internal sealed record ModuleName(string Prefix, int? Layer, string Matrix)
{
    public static ModuleName Parse(string name)
    {
        var parts = name.Split('.');
        for (var i = 0; i < parts.Length - 1; i++)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
                return new ModuleName(string.Join('.', parts[..i]), layer, string.Join('.', parts[(i + 1)..]));
        }

        return new ModuleName("", null, name);
    }
}
