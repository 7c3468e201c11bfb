using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>The reader against the counts and hashes of the real GLUE files.</summary>
public sealed class GlueManifestTests
{
    private static readonly string ManifestPath = TestMaterial.Golden("glue_manifest.json");

    public static TheoryData<string> Keys()
    {
        var keys = new TheoryData<string>();
        if (File.Exists(ManifestPath))
        {
            foreach (var entry in Manifest().EnumerateObject())
                keys.Add(entry.Name);
        }

        return keys;
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Keys))]
    public void File_is_read_as_the_manifest_says(string key)
    {
        var expected = Manifest().GetProperty(key);
        var (task, split) = Splits.Parse(key);
        var path = GlueReader.FindFile(TestMaterial.RequireShared("glue"), task, split);

        var (examples, problems) = GlueFile.Parse(path, task, split);

        Assert.Equal(expected.GetProperty("sha256").GetString(), Hash(File.ReadAllBytes(path)));
        Assert.Equal(expected.GetProperty("rows").GetInt32(), examples.Count);
        Assert.Equal(expected.GetProperty("malformed_lines").EnumerateArray().Select(line => line.GetInt32()), problems.Select(problem => problem.Line));
        Assert.Equal(expected.GetProperty("text_columns").GetArrayLength() == 2, task.IsPair);
        Assert.Equal(expected.GetProperty("first_text_sha256").GetString(), Hash(examples[0]));
        Assert.Equal(expected.GetProperty("last_text_sha256").GetString(), Hash(examples[^1]));
        Assert.Equal(expected.GetProperty("text_utf16_units").GetInt64(), Texts(examples).Sum(text => (long)text.Length));
        Assert.Equal(expected.GetProperty("empty_texts").GetInt32(), Texts(examples).Count(text => text.Length == 0));
        Assert.Equal(expected.GetProperty("rows_with_edge_space").GetInt32(), examples.Count(example => Texts([example]).Any(text => text.Trim() != text)));
        Assert.Equal(expected.GetProperty("rows_with_quote").GetInt32(), examples.Count(example => Texts([example]).Any(text => text.Contains('"'))));
        CheckLabels(expected, task, examples);
    }

    private static void CheckLabels(JsonElement expected, GlueTask task, IReadOnlyList<GlueExample> examples)
    {
        if (expected.GetProperty("label_column").ValueKind == JsonValueKind.Null)
        {
            Assert.All(examples, example => Assert.Null(example.Label));
        }
        else if (task.IsRegression)
        {
            var score = expected.GetProperty("score");
            Assert.Equal(score.GetProperty("min").GetDouble(), examples.Min(example => example.Label));
            Assert.Equal(score.GetProperty("max").GetDouble(), examples.Max(example => example.Label));
            Assert.Equal(score.GetProperty("mean").GetDouble(), examples.Average(example => example.Label)!.Value, 1e-9);
        }
        else
        {
            var counts = expected.GetProperty("labels").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetInt32());
            Assert.Equal(counts, examples.GroupBy(example => task.LabelSpellings[(int)example.Label!.Value]).ToDictionary(group => group.Key, group => group.Count()));
        }
    }

    private static IEnumerable<string> Texts(IEnumerable<GlueExample> examples) =>
        examples.SelectMany(example => example.Pair is null ? [example.Text] : new[] { example.Text, example.Pair });

    private static string Hash(GlueExample example) => Hash(Encoding.UTF8.GetBytes(example.Pair is null ? example.Text : $"{example.Text}\t{example.Pair}"));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static JsonElement Manifest() => JsonDocument.Parse(File.ReadAllBytes(ManifestPath)).RootElement;
}
