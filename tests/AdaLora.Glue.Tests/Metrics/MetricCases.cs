using System.Globalization;
using System.Text.Json;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>Cases of goldens/metrics, addressed by file, section and position.</summary>
internal static class MetricCases
{
    /// <summary>Every case of a file that is a list, or of the named section of a file of lists.</summary>
    public static TheoryData<string, int> Enumerate(string file, string section)
    {
        var data = new TheoryData<string, int>();
        if (!File.Exists(TestMaterial.Golden("metrics", file)))
            return data;
        for (var index = 0; index < Cases(file, section).GetArrayLength(); index++)
            data.Add(file, index);
        return data;
    }

    public static JsonElement Get(string file, string section, int index) => Cases(file, section)[index];

    public static int[] Classes(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    /// <summary>Numbers; NaN and infinities are spelled as strings.</summary>
    public static double[] Scores(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(value => value.ValueKind == JsonValueKind.String ? ParseSpelled(value.GetString()!) : value.GetDouble())];

    public static double? Value(this JsonElement element, string name) =>
        element.GetProperty(name).ValueKind == JsonValueKind.Null ? null : element.GetProperty(name).GetDouble();

    public static void AssertClose(double? expected, double? actual, double tolerance)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is not null)
            Assert.Equal(expected.Value, actual!.Value, tolerance);
    }

    private static JsonElement Cases(string file, string section)
    {
        var root = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.Golden("metrics", file))).RootElement;
        return root.ValueKind == JsonValueKind.Array ? root : root.GetProperty(section);
    }

    private static double ParseSpelled(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
