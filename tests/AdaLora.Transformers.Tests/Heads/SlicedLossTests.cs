using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Tests.Heads;

/// <summary>Losses over vocabularies that are too large for the scores of a batch.</summary>
public sealed class SlicedLossTests
{
    /// <summary>Enough words for three slices of a batch.</summary>
    private const int ManyWords = 40_000;

    /// <summary>Tied and untied heads, of which one has an adapter and one a hook, so that its scores are more than a product.</summary>
    [Theory]
    [InlineData("tied")]
    [InlineData("untied")]
    [InlineData("adapted")]
    [InlineData("hooked")]
    public void Loss_and_gradients_are_those_of_all_scores_at_once(string head)
    {
        using var scope = NewDisposeScope();
        using var model = Make(ManyWords, isTied: head == "tied");
        using var adapted = head == "adapted"
            ? AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(10, targetRank: 2) with { Seed = 1, Targets = TargetModules.Globs("lm_head", "**.q_proj"), TrainedModules = ["model.norm"] })
            : null;
        if (head == "hooked")
            ((Linear)model.named_children().Single(child => child.name == "lm_head").module).register_forward_hook((_, _, output) => output * 2);
        foreach (var adapter in adapted?.Adapters ?? [])
        {
            using var noGrad = no_grad();
            adapter.state_dict()["lora_E"].normal_(0, 0.5);
        }

        var (ids, mask, labels) = Batch(ManyWords);
        var logits = model.call(ids, mask, null);
        var expected = functional.cross_entropy(logits.narrow(1, 0, 254).reshape(-1, ManyWords), labels.narrow(1, 1, 254).reshape(-1), ignore_index: -100);
        var plain = Gradients(model, expected);
        var sliced = model.Loss(ids, mask, labels);
        Close(expected, sliced, 1e-6);
        var ours = Gradients(model, sliced);
        Assert.Equal(plain.Keys, ours.Keys);
        Assert.True(plain.Count >= (head == "adapted" ? 7 : 10));
        foreach (var (name, gradient) in plain)
            Close(gradient, ours[name], 2e-6, name);

        var sum = model.LossSum(ids, mask, labels);
        Close(expected, sum.Sum / sum.Count, 1e-6);
        Assert.Equal(labels.narrow(1, 1, 254).ne(-100).sum().item<long>(), (long)sum.Count.item<double>());
    }

    /// <summary>Heads with a constant for each word, with scaled states, and of their own, one of them with a hook.</summary>
    [Theory]
    [InlineData("bart", 0)]
    [InlineData("bart", 0.1)]
    [InlineData("t5", 0)]
    [InlineData("t5", 0.1)]
    [InlineData("t5_v1_1", 0.1)]
    [InlineData("hooked", 0.1)]
    public void What_is_written_for_a_text_costs_what_all_scores_at_once_do(string head, double smoothing)
    {
        using var scope = NewDisposeScope();
        using var model = AutoModel.NewSeq2SeqLM(SmallSeq2Seq.Config(head == "hooked" ? "t5_v1_1" : head) with { VocabularySize = ManyWords }, seed: 1);
        // In double precision, because smoothing sums the logarithms of all words.
        model.to(ScalarType.Float64).eval();
        if (model.named_buffers().SingleOrDefault(buffer => buffer.name == "final_logits_bias").buffer is { } constants)
            constants.normal_();
        if (head == "hooked")
            ((Linear)model.named_children().Single(child => child.name == "lm_head").module).register_forward_hook((_, _, output) => output * 2);
        var (ids, labels) = (Ids(20, 7, ManyWords), Ids(20, 13, ManyWords));
        labels[0, 5..] = -100;
        var logits = model.call(ids, null, model.MovedRight(labels));
        var expected = functional.cross_entropy(logits.reshape(-1, ManyWords), labels.reshape(-1), ignore_index: -100, label_smoothing: smoothing);
        var plain = Gradients(model, expected);
        var sliced = model.Loss(ids, null, labels, smoothing);
        Close(expected, sliced, 1e-12);
        var ours = Gradients(model, sliced);
        Assert.Equal(plain.Keys, ours.Keys);
        Assert.True(plain.Count >= 30);
        foreach (var (name, gradient) in plain)
            Close(gradient, ours[name], 1e-9, name);
        using var noGrad = no_grad();
        Close(expected, model.Loss(ids, null, labels, smoothing), 1e-12);
    }

    [Fact]
    public void In_half_precision_the_sum_is_a_wide_one()
    {
        using var scope = NewDisposeScope();
        using var model = Make(300, isTied: false);
        var (ids, mask, labels) = Batch(300);
        var expected = model.Loss(ids, mask, labels).item<float>();
        model.to(ScalarType.BFloat16);
        var sum = model.LossSum(ids, mask, labels);
        Assert.Equal(ScalarType.Float32, sum.Sum.dtype);
        Assert.Equal(expected, (sum.Sum / sum.Count).item<double>(), 0.02 * expected);
        sum.Sum.backward();
        Assert.All(model.parameters(), p => Assert.True(p.grad!.isfinite().all().item<bool>()));
    }

    [Fact]
    public void A_batch_in_which_nothing_counts_adds_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = Make(300, isTied: true);
        var (ids, mask, labels) = Batch(300);
        var sum = model.LossSum(ids, mask, full_like(labels, -100));
        Assert.Equal(0, sum.Count.item<double>());
        sum.Sum.backward();
        Assert.All(model.parameters(), p => Assert.Equal(0, p.grad?.abs().sum().item<float>() ?? 0));
        Assert.True(float.IsNaN(model.Loss(ids, mask, full_like(labels, -100)).item<float>()));
    }

    /// <summary>The scores of 2,048 tokens over 128,000 words take 1 GiB in single precision, and a plain loss holds them three times.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_text_of_2048_tokens_over_128000_words_takes_little_memory(bool isTied)
    {
        using var scope = NewDisposeScope();
        using var model = Make(128_000, isTied);
        model.get_parameter(isTied ? "model.embed_tokens.weight" : "lm_head.weight")!.requires_grad = false;
        var ids = Ids(1, 2048, 128_000);
        var peak = PeakMemory.Of(() =>
        {
            using var step = NewDisposeScope();
            model.Loss(ids, null, ids).backward();
        });
        Assert.True(peak < 400L << 20, $"the peak is {peak >> 20} MiB");
        TestContext.Current.TestOutputHelper?.WriteLine($"peak of a step: {peak >> 20} MiB");
    }

    private static CausalLM Make(int words, bool isTied) => AutoModel.NewCausalLM(
        new LlamaConfig { VocabularySize = words, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 24, MaxPositions = 4096, TiesWordEmbeddings = isTied, InitializerRange = 0.3 }, seed: 1);

    private static (Tensor Ids, Tensor Mask, Tensor Labels) Batch(int words)
    {
        var ids = Ids(3, 255, words);
        var mask = ones_like(ids);
        mask[1, 200..] = 0;
        var labels = ids.masked_fill(mask.eq(0), -100);
        labels[0, ..9] = -100;
        return (ids, mask, labels);
    }

    private static Tensor Ids(long rows, long length, int words)
    {
        using var seed = manual_seed(3);
        return rand(rows, length).mul(words).to(ScalarType.Int64);
    }

    private static Dictionary<string, Tensor> Gradients(Module model, Tensor loss)
    {
        model.zero_grad();
        loss.backward(retain_graph: true);
        return model.named_parameters().Where(p => p.parameter.grad is not null).ToDictionary(p => p.name, p => p.parameter.grad!.clone());
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance, string what = "loss")
    {
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>();
        var allowed = tolerance * Math.Max(1e-3, expected.abs().max().to(ScalarType.Float64).item<double>());
        Assert.True(distance <= allowed, $"{what}: off by {distance:G3}, allowed {allowed:G3}");
    }
}
