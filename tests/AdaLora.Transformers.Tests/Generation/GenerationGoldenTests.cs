using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Tests.Heads;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Generation;

/// <summary>Greedy and beam search of every decoder, alone or behind an encoder, against the ids and scores of the reference.</summary>
public sealed class GenerationGoldenTests
{
    public static TheoryData<string> EncoderDecoderCases => Seq2SeqGoldenTests.Cases;

    public static TheoryData<string> Cases => CausalLMGoldenTests.GeneratedCases;

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Ids_and_scores_are_the_references(string name)
    {
        using var golden = new EncoderGolden(name);
        golden.RequireSupport();
        var runs = EncoderGolden.Read(Path.Combine(golden.Folder, "generation.json")).EnumerateObject().ToList();
        Assert.True(runs.Count >= 6);
        foreach (var run in runs)
            Compare(golden, run.Name, run.Value);
    }

    /// <summary>
    /// Every way of ending a beam search, with penalties, forced and several end tokens and several texts returned; chosen so that single and double precision agree. The texts of Phi-3 grow
    /// beyond its original positions.
    /// </summary>
    [Theory]
    [InlineData("gpt2", 21)]
    [InlineData("phi3_longrope", 2)]
    public void Options_of_a_search_do_what_they_do_in_the_reference(string name, int count)
    {
        using var golden = new EncoderGolden(name);
        var runs = EncoderGolden.Read(TestMaterial.RequireGolden("models", "decoding", $"{name}_search.json")).GetProperty("runs").EnumerateArray().ToList();
        Assert.Equal(count, runs.Count);
        foreach (var run in runs)
            Compare(golden, run.GetProperty("settings").GetRawText(), run);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(EncoderDecoderCases))]
    public void Ids_and_scores_of_encoder_decoders_are_the_references(string name)
    {
        using var golden = new EncoderGolden(name);
        golden.RequireSupport();
        using var scope = NewDisposeScope();
        using var model = AutoModel.Seq2SeqLM(golden.Folder, new PretrainedOptions { Device = TestDevice.Current });
        var sources = Rows(golden, "input");
        var runs = EncoderGolden.Read(Path.Combine(golden.Folder, "generation.json")).EnumerateObject().ToList();
        Assert.True(runs.Count >= 5);
        foreach (var run in runs)
        {
            var options = OptionsOf(run.Value, model.Generation);
            Compare(run.Name, run.Value, options, 1, new TextGenerator(model, options).Generate(sources), model.Config.PadId!.Value);
        }
    }

    private static void Compare(EncoderGolden golden, string what, JsonElement run)
    {
        using var scope = NewDisposeScope();
        using var model = AutoModel.CausalLM(golden.Folder, new PretrainedOptions { Device = TestDevice.Current });
        var options = OptionsOf(run, new GenerationOptions());
        var prompts = Prompts(golden, what, run.GetProperty("ids").GetArrayLength() / options.Returned, out var width);
        Compare(what, run, options, width, new TextGenerator(model, options).Generate(prompts), 0);
    }

    // Settings are entries of generation_config.json.
    private static GenerationOptions OptionsOf(JsonElement run, GenerationOptions fallback)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(GenerationConfigFile.Name), run.GetProperty("settings").GetRawText());
        return GenerationConfigFile.ReadIfThere(folder.File(GenerationConfigFile.Name), fallback)!;
    }

    private static void Compare(string what, JsonElement run, GenerationOptions options, int width, IReadOnlyList<GeneratedText> texts, int padding)
    {
        var expected = run.GetProperty("ids").EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray()).ToList();
        Assert.Equal(expected.Count, texts.Count);
        for (var row = 0; row < texts.Count; row++)
        {
            var ids = texts[row].Ids;
            Assert.True(expected[row].AsSpan(width).StartsWith(ids.ToArray()), $"{what}, row {row}: {string.Join(" ", ids)} instead of {string.Join(" ", expected[row][width..])}");
            // The rest is padding behind an end token, or that token again: with beams, the reference takes a padding id of 0 for none.
            Assert.All(expected[row][(width + ids.Count)..], id => Assert.True(id == padding || options.EndIds.Contains(id)));
            Assert.Equal(options.EndIds.Contains(ids[^1]) ? Ending.EndToken : Ending.MaxLength, texts[row].Ending);
            if (Scores(run) is { } scores)
                Assert.Equal(scores[row].GetDouble(), texts[row].Score!.Value, 1e-4);
        }
    }

    private static JsonElement? Scores(JsonElement run) =>
        run.TryGetProperty("sequences_scores", out var scores) || run.TryGetProperty("scores", out scores) ? scores : null;

    // Rows of the batch that is padded on the left, or one of them alone.
    private static List<int[]> Prompts(EncoderGolden golden, string what, int count, out int width)
    {
        var part = golden.Find("prompt.input_ids") is null ? "left" : "prompt";
        var rows = Rows(golden, part);
        if (count == 1)
            rows = [rows[what.First(char.IsAsciiDigit) - '0']];
        Assert.Equal(count, rows.Count);
        width = rows.Max(row => row.Length);
        return rows;
    }

    private static List<int[]> Rows(EncoderGolden golden, string part)
    {
        var (ids, mask) = (golden[$"{part}.input_ids"], golden[$"{part}.attention_mask"]);
        return [.. Enumerable.Range(0, (int)ids.shape[0]).Select(row => ids[row][mask[row].to(ScalarType.Bool)].data<long>().Select(id => (int)id).ToArray())];
    }
}
