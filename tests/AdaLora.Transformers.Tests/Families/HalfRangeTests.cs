using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>BART and T5 in float16, whose range their states were not trained for.</summary>
public sealed class HalfRangeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What comes out of feed-forward blocks is far beyond 65,504, so that it would be infinite, and NaN after the next norm.</summary>
    [Theory]
    [InlineData("t5", false)]
    [InlineData("t5", true)]
    [InlineData("t5_v1_1", false)]
    [InlineData("t5_v1_1", true)]
    public void Large_states_of_T5_survive_float16(string family, bool isAdapted)
    {
        using var scope = NewDisposeScope();
        using var wide = Saved(family, model =>
        {
            foreach (var (name, parameter) in model.named_parameters())
            {
                if (name.Contains("DenseReluDense.wo", StringComparison.Ordinal))
                    parameter.mul_(1e6);
            }
        });
        using var half = Half();
        var kept = half.named_parameters().Where(p => p.parameter.dtype == ScalarType.Float32).Select(p => p.name).ToList();
        Assert.Equal(half.named_parameters().Select(p => p.name).Where(name => name.EndsWith(".wo.weight", StringComparison.Ordinal)), kept);
        Assert.All(half.named_parameters().Where(p => !kept.Contains(p.name)), p => Assert.Equal(ScalarType.Float16, p.parameter.dtype));
        using var adapted = isAdapted
            ? AdaLoraModel.Attach(half, AdaLoraOptions.ForTotalSteps(10, targetRank: 2) with { Seed = 1, Targets = TargetModules.Globs("**.wo", "**.q") })
            : null;
        var (ids, labels) = (Ids(2, 8), Ids(2, 5));
        var states = new List<Tensor>();
        using (var source = wide.Encode(ids, null, trace: states))
            Assert.True(states[1].abs().max().item<float>() > 65504);
        states.ForEach(state => state.Dispose());

        var (expected, actual) = (wide.call(ids, null, labels), half.call(ids, null, labels));

        Assert.Equal(ScalarType.Float16, actual.dtype);
        Assert.InRange((actual.to(ScalarType.Float32) - expected).abs().max().item<float>(), 0, 0.02 * expected.abs().max().item<float>());
        half.train();
        var loss = half.Loss(ids, null, labels);
        loss.backward();
        Assert.True(loss.isfinite().item<bool>());
        Assert.All(half.named_parameters().Where(p => p.parameter.grad is not null), p => Assert.False(p.parameter.grad!.isnan().any().item<bool>(), p.name));
    }

    /// <summary>Attention of T5, and the last norm of BART's layers, have no wider weights: what they make infinite is clamped.</summary>
    [Theory]
    [InlineData("t5", "encoder.block.0.layer.0.SelfAttention.o.weight", 1e7)]
    [InlineData("t5", "decoder.block.0.layer.1.EncDecAttention.o.weight", 1e7)]
    [InlineData("bart", "model.encoder.layers.1.final_layer_norm.weight", 60000.0)]
    public void Infinite_states_are_clamped(string family, string name, double factor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var wide = Saved(family, _ => { });
        using var half = Half();
        half.get_parameter(name)!.mul_(factor).clamp_(-60000, 60000);
        var (read, written) = (new List<Tensor>(), new List<Tensor>());
        using (var source = half.Encode(Ids(2, 8), null, trace: read))
            half.Decode(Ids(2, 5), source, trace: written).Dispose();
        var states = name.Contains("decoder", StringComparison.Ordinal) ? written : read;
        Assert.All(states, state => Assert.True(state.isfinite().all().item<bool>()));
        foreach (var state in read.Concat(written))
            state.Dispose();
    }

    [Fact]
    public void Only_infinities_and_what_is_next_to_them_are_clamped()
    {
        using var scope = NewDisposeScope();
        var finite = tensor(new[] { -65504f, 1, 65504 }).to(ScalarType.Float16);
        Assert.True(HalfRange.Clamp(finite).equal(finite).all().item<bool>());
        var infinite = tensor(new[] { float.NegativeInfinity, -65504, -3, float.PositiveInfinity, float.NaN }).to(ScalarType.Float16);
        // 64,504 in the steps of float16.
        Assert.Equal([-64512f, -64512, -3, 64512, float.NaN], HalfRange.Clamp(infinite).to(ScalarType.Float32).data<float>().ToArray());
        var wide = tensor(new[] { float.PositiveInfinity });
        Assert.Same(wide, HalfRange.Clamp(wide));
    }

    private static Tensor Ids(long rows, long length)
    {
        using var seed = manual_seed(3);
        return randint(5, 49, [rows, length], dtype: ScalarType.Int64);
    }

    private Seq2SeqLM Saved(string family, Action<Seq2SeqLM> change)
    {
        var model = SmallSeq2Seq.Make(family);
        using (no_grad())
            change(model);
        model.SaveCheckpoint(_folder.Path);
        model.eval();
        return model;
    }

    private Seq2SeqLM Half()
    {
        var model = AutoModel.Seq2SeqLM(_folder.Path, new PretrainedOptions { Dtype = ScalarType.Float16 });
        model.eval();
        return model;
    }
}
