using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Tests.Generation;

/// <summary>What models with an encoder write.</summary>
public sealed class Seq2SeqGeneratorTests
{
    private static readonly int[][] Texts = [[3, 9, 4, 1, 5, 30, 31, 32, 33, 34, 35, 36], [8, 2], [7, 7, 3], [41, 40], [12, 13, 14, 15], [49, 1, 22, 23, 5, 6]];

    public static TheoryData<string> Families => SmallSeq2Seq.Families;

    public static TheoryData<string, int, bool> Kinds
    {
        get
        {
            var data = new TheoryData<string, int, bool>();
            foreach (var family in SmallSeq2Seq.Families.Select(row => row.Data))
            {
                data.Add(family, 1, false);
                data.Add(family, 3, false);
                data.Add(family, 1, true);
                data.Add(family, 3, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_token_is_the_likeliest_after_those_before_it(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Make(family);
        var text = Assert.Single(new TextGenerator(model, new GenerationOptions { MaxNewTokens = 9 }).Generate([Texts[0]]));
        var written = new List<long> { model.Config.DecoderStartId };
        while (written.Count < 10)
            written.Add(model.call(Row(Texts[0].Select(id => (long)id)), null, Row(written))[0, -1].argmax().item<long>());
        Assert.Equal(written.Skip(1), text.Ids.Select(id => (long)id));

        static Tensor Row(IEnumerable<long> ids) => tensor(ids.ToArray(), [1, ids.Count()]);
    }

    /// <summary>Alone and in a batch, from which texts leave when they have ended.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_written_depends_on_its_text_alone(string family, int beams, bool samples)
    {
        using var model = Make(family);
        var options = new GenerationOptions { MaxNewTokens = 9, Beams = beams, Samples = samples, Seed = 5, Returned = samples || beams > 1 ? 2 : 1, EndIds = [.. Enumerable.Range(10, 25)] };
        if (samples)
            options = options with { Temperature = 2 };
        var all = new TextGenerator(model, options).Generate(Texts);
        Assert.Equal(Texts.Length * options.Returned, all.Count);
        // This one repeats itself, so that the beams of all texts end together.
        if (family != "t5" || beams == 1 || samples)
            Assert.True(all.Select(text => text.Ids.Count).Distinct().Count() > 1, "all texts have the same length");
        for (var text = 0; text < Texts.Length; text++)
        {
            // What is drawn also depends on the place in the batch.
            var alone = new TextGenerator(model, options).Generate([.. Texts.Take(text + 1)]);
            foreach (var (one, other) in alone.Where(written => written.Prompt == text).Zip(all.Where(written => written.Prompt == text)))
            {
                Assert.Equal(one.Ids, other.Ids);
                Assert.Equal(one.Ending, other.Ending);
                Assert.Equal(one.Score ?? 0, other.Score ?? 0, 1e-5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_text_is_read_once_and_its_keys_and_values_are_computed_once(string family)
    {
        using var model = Make(family);
        var calls = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, module) in model.named_modules().Where(m => m.module is TorchSharp.Modules.Linear))
        {
            _ = ((Module<Tensor, Tensor>)module).register_forward_hook((_, _, output) =>
            {
                calls[name] = calls.GetValueOrDefault(name) + 1;
                return output;
            });
        }

        _ = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 6, Beams = 3 }).Generate(Texts);
        var cross = family == "bart" ? "encoder_attn." : "EncDecAttention.";
        foreach (var (name, count) in calls)
        {
            var isOfText = name.Contains("encoder.", StringComparison.Ordinal) || (name.Contains(cross, StringComparison.Ordinal) && name.Split('.')[^1][0] is 'k' or 'v');
            Assert.True(count == (isOfText ? 1 : 6), $"{name}: {count} calls");
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Merged_and_unmerged_adapters_write_the_same(string family)
    {
        using var model = Make(family);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = 1 });
        model.eval();
        var plain = Write();
        using (no_grad())
            adapted.TrainableParameters[0].add_(0.3);
        var unmerged = Write();
        adapted.Merge();
        Assert.NotEqual(plain, unmerged);
        Assert.Equal(unmerged, Write());

        List<string> Write() => [.. new TextGenerator(model, new GenerationOptions { MaxNewTokens = 9, Beams = 3 }).Generate(Texts).Select(text => string.Join(' ', text.Ids))];
    }

    [Fact]
    public void Tensors_of_a_generation_are_freed()
    {
        using var model = Make("bart");
        var generator = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 6, Beams = 3, EndIds = [.. Enumerable.Range(11, 12)] });
        _ = generator.Generate(Texts);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _ = generator.Generate(Texts);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_text_that_the_model_cannot_read_and_a_start_that_it_does_not_know_are_refused()
    {
        using var model = Make("bart");
        Assert.Contains("21 tokens, but the model has only 20", Refused(new GenerationOptions(), new int[21]), StringComparison.Ordinal);
        Assert.Contains("token id 50", Refused(new GenerationOptions { DecoderStartId = 50 }, [1]), StringComparison.Ordinal);

        string Refused(GenerationOptions options, int[] text) => Assert.Throws<ArgumentException>(() => new TextGenerator(model, options).Generate([text])).Message;
    }

    private static Seq2SeqLM Make(string family)
    {
        var model = SmallSeq2Seq.Make(family);
        model.eval();
        return model;
    }
}
