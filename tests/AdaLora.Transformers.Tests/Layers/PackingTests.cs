using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Several texts in one row.</summary>
public sealed class PackingTests
{
    private static readonly long[][] Texts = [[3, 9, 4, 1, 5, 8, 2], [6, 7, 7, 3], [4, 9, 1, 2, 5]];

    public static TheoryData<string> Goldens => ["llama", "qwen2"];

    [Theory]
    [MemberData(nameof(Goldens))]
    public void The_reference_is_matched(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var folder = TestMaterial.RequireGolden("core", "adapters", family, "base");
        using var file = SafetensorsFile.Open(TestMaterial.RequireGolden("core", "adapters", family, "packing.safetensors"));
        var golden = TestDevice.Moved(file.ReadAll());
        using var model = AutoModel.CausalLM(folder, new PretrainedOptions { Device = TestDevice.Current });
        using var adapted = AdaLoraModel.Load(model, TestMaterial.RequireGolden("core", "adapters", family, "adalora_final"));
        model.eval();
        var (ids, texts) = (golden["input_ids"], golden["segment_ids"] + 1 - golden["segment_ids"].min());
        Close(golden["logits"], model.call(ids, texts, null), 1e-5);
        Close(golden["separate_logits"], model.call(ids, texts, golden["position_ids"]), 1e-5);
        var sum = model.LossSum(ids, texts, golden["labels"]);
        Assert.Equal(golden["row_counts"].sum().item<long>(), (long)sum.Count.to(CPU).item<double>());
        Close(golden["row_loss_sums"].sum(), sum.Sum.to(ScalarType.Float64), 1e-4);
        Close(golden["loss"].view([]), model.Loss(ids, texts, golden["labels"]), 1e-5);
        // The first token of a text is ignored whatever its label is.
        Close(golden["loss"].view([]), model.Loss(ids, texts, golden["labels"].where(texts.narrow(1, 0, 19).eq(cat([texts.narrow(1, 0, 1), texts.narrow(1, 0, 18)], 1)), ids)), 1e-5);
        Assert.True((golden["logits"] - model.call(ids, null, null)).abs().max().item<float>() > 1);
    }

    /// <summary>Every family; for GPT-2, a position that goes on from the text before would show.</summary>
    [Theory]
    [MemberData(nameof(SmallDecoder.Families), MemberType = typeof(SmallDecoder))]
    public void Logits_loss_and_gradients_are_those_of_separate_rows(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make(family);
        model.to(ScalarType.Float64);
        model.eval();
        var (separateIds, separateTexts) = (Rows(Texts, 7), Rows([.. Texts.Select(t => Enumerable.Repeat(1L, t.Length).ToArray())], 7));
        var (ids, texts) = (Rows([[.. Texts.SelectMany(t => t)]], 18), Rows([[.. Texts.SelectMany((t, i) => Enumerable.Repeat(i + 1L, t.Length))]], 18));
        // Long RoPE depends on the longest text of a batch.
        var separate = model.call(separateIds, separateTexts, null);
        var packed = model.call(ids, texts, null)[0];
        for (long i = 0, first = 0; i < Texts.Length; first += Texts[i].Length, i++)
            Close(separate[i].narrow(0, 0, Texts[i].Length), packed.narrow(0, first, Texts[i].Length), 1e-12);

        var expected = model.Loss(separateIds, separateTexts, separateIds.masked_fill(separateTexts.eq(0), -100));
        var gradients = Gradients(model, expected);
        var loss = model.Loss(ids, texts, ids);
        Close(expected, loss, 1e-12);
        foreach (var (one, other) in gradients.Zip(Gradients(model, loss)))
            Close(one, other, 1e-11);
    }

    [Fact]
    public void Positions_begin_anew_in_each_text()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallDecoder.Make("gpt2");
        model.eval();
        var (ids, texts) = (Rows([[.. Texts[0], .. Texts[1]]], 12), Rows([[1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]], 12));
        var positions = tensor((long[])[0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0], [1, 12]);
        var actual = model.call(ids, texts, null).narrow(1, 0, 11);
        Close(model.call(ids, texts, positions).narrow(1, 0, 11), actual, 0);
        Assert.True((model.call(ids, texts, arange(12).unsqueeze(0)).narrow(1, 0, 11) - actual).abs().max().item<float>() > 0.1);
    }

    private static Tensor Rows(long[][] texts, int length) => tensor(texts.SelectMany(t => t.Concat(new long[length - t.Length])).ToArray(), [texts.Length, length]);

    private static List<Tensor> Gradients(CausalLM model, Tensor loss)
    {
        model.zero_grad();
        loss.backward();
        return [.. model.parameters().Select(p => p.grad!.clone())];
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(distance <= tolerance * TestDevice.ToleranceFactor, $"off by {distance:G3}");
    }
}
