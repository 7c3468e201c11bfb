using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Layers that are computed again in the backward pass.</summary>
public sealed class GradientCheckpointingTests
{
    public static TheoryData<string, bool, AttachmentMethod> Cases
    {
        get
        {
            var data = new TheoryData<string, bool, AttachmentMethod>();
            foreach (var family in SmallDecoder.Families)
            {
                data.Add(family.Data, false, AttachmentMethod.Replace);
                data.Add(family.Data, true, AttachmentMethod.Replace);
            }

            data.Add("llama", true, AttachmentMethod.Hook);
            return data;
        }
    }

    /// <summary>With adapters, dropout in front of them and in the model, and several texts in a row.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_the_same_to_the_last_bit(string family, bool sharesDropout, AttachmentMethod attachment)
    {
        var plain = Gradients(family, sharesDropout, attachment, isCheckpointed: false);
        var again = Gradients(family, sharesDropout, attachment, isCheckpointed: true);
        Assert.Equal(plain.Keys, again.Keys);
        Assert.True(plain.Count > 10);
        Assert.All(plain, p => Assert.Equal(p.Value, again[p.Key]));
        Assert.Contains(plain.Values, g => g.Any(x => x != 0));
    }

    [Fact]
    public void All_weights_can_be_trained_and_evaluation_is_as_before()
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make("llama");
        var (ids, texts) = Batch();
        model.eval();
        var expected = model.Loss(ids, texts, ids);
        expected.backward();
        var gradients = model.parameters().Select(p => p.grad!.clone()).ToList();
        model.zero_grad();
        model.Decoder.GradientCheckpointing = true;
        model.Loss(ids, texts, ids).backward();
        Assert.All(model.parameters().Zip(gradients), p => Assert.True(p.First.grad!.eq(p.Second).all().item<bool>()));
        using var noGrad = no_grad();
        Assert.Equal(expected.item<float>(), model.Loss(ids, texts, ids).item<float>());
        Assert.False(model.Loss(ids, texts, ids).requires_grad);
    }

    [Fact]
    public void A_frozen_model_has_no_graph()
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make("llama");
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
        model.Decoder.GradientCheckpointing = true;
        var (ids, texts) = Batch();
        Assert.False(model.Loss(ids, texts, ids).requires_grad);
    }

    [Fact]
    public void A_failure_in_the_backward_pass_is_reported_afterwards_and_not_lost()
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make("llama");
        model.Decoder.GradientCheckpointing = true;
        var (ids, texts) = Batch();
        var loss = model.Loss(ids, texts, ids);
        var layer = model.Decoder.named_modules().First(m => m.name == "layers.1.mlp.down_proj").module;
        var hook = ((nn.Module<Tensor, Tensor>)layer).register_forward_pre_hook((_, _) => throw new InvalidOperationException("no more of this"));
        loss.backward();
        hook.remove();
        var message = Assert.Throws<InvalidOperationException>(() => model.Loss(ids, texts, ids)).Message;
        Assert.Contains("no more of this", message, StringComparison.Ordinal);
    }

    /// <summary>24 layers, so that what one keeps is little.</summary>
    [Fact]
    public void It_takes_less_memory_and_leaves_nothing_behind()
    {
        using var scope = NewDisposeScope();
        using var model = AutoModel.NewCausalLM(
            new LlamaConfig { VocabularySize = 100, HiddenSize = 128, Layers = 24, Heads = 4, IntermediateSize = 512, MaxPositions = 2048 }, seed: 1);
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(10, targetRank: 2) with { Seed = 1 });
        var ids = rand(1, 2048).mul(100).to(ScalarType.Int64);
        Step();
        var plain = PeakMemory.Of(Step);
        model.Decoder.GradientCheckpointing = true;
        Step();
        var tensors = Tensor.TotalCount;
        var again = PeakMemory.Of(Step);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TestContext.Current.TestOutputHelper?.WriteLine($"peak of a step: {plain >> 20} MiB, with checkpointing {again >> 20} MiB");
        Assert.True(plain > 300 << 20, $"the plain step takes {plain >> 20} MiB, too little to compare with");
        Assert.True(again < 0.4 * plain, $"the peak is {again >> 20} MiB instead of {plain >> 20} MiB");
        Assert.True(Tensor.TotalCount <= tensors, $"{Tensor.TotalCount - tensors} tensors were left behind");

        void Step()
        {
            using var step = NewDisposeScope();
            model.Loss(ids, null, ids).backward();
        }
    }

    private static Dictionary<string, float[]> Gradients(string family, bool sharesDropout, AttachmentMethod attachment, bool isCheckpointed)
    {
        using var scope = NewDisposeScope();
        var config = SmallDecoder.Config(family) with { HiddenDropout = 0.1, AttentionDropout = 0.1 };
        using var model = AutoModel.NewCausalLM(config, seed: 1);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 3,
            TargetRank = 2,
            TotalSteps = 10,
            InitialPhase = PhaseLength.Steps(1),
            FinalPhase = PhaseLength.Steps(1),
            Dropout = 0.2,
            ShareDropout = sharesDropout,
            Attachment = attachment,
            Seed = 1,
        });
        using (no_grad())
        {
            foreach (var parameter in adapted.TrainableParameters)
                parameter.add_(0.05);
        }

        model.Decoder.GradientCheckpointing = isCheckpointed;
        var (ids, texts) = Batch();
        using var seed = manual_seed(7);
        // Twice, so that the random numbers behind a backward pass count, too.
        for (var i = 0; i < 2; i++)
            model.Loss(ids, texts, ids).backward();
        return adapted.Adapters.SelectMany(a => a.named_parameters().Where(p => p.parameter.grad is not null).Select(p => ($"{a.GetName()} {p.name}", p.parameter)))
            .Select((p, i) => ($"{i} {p.Item1}", p.parameter.grad!.contiguous().data<float>().ToArray())).ToDictionary(p => p.Item1, p => p.Item2);
    }

    private static (Tensor Ids, Tensor Texts) Batch() => (
        tensor((long[])[3, 9, 4, 1, 5, 8, 2, 6, 7, 7, 3, 4, 9, 1, 2, 5], [2, 8]),
        tensor((long[])[1, 1, 1, 2, 2, 2, 2, 3, 0, 1, 1, 1, 2, 2, 0, 0], [2, 8]));
}
