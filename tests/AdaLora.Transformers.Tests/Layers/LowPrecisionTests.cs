using AdaLora.Targeting;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>
/// Every family of encoders, wholly in half precision with adapters on it, against the same in single precision: forward and backward, on the CPU, where libtorch might lack kernels. A
/// number is rounded by at most u of itself, 2^-8 in bfloat16 and 2^-11 in float16. A layer rounds about six times on the way forward and twice as often backward; roundings are independent,
/// so that after n of them a result is off by about u sqrt(n) / 2. Four times as much is allowed, for operations that make errors larger.
/// </summary>
public sealed class LowPrecisionTests
{
    public static TheoryData<string, ScalarType> Cases =>
        [.. EncoderGolden.Cases("ForSequenceClassification").SelectMany(row => (TheoryDataRow<string, ScalarType>[])[(row.Data, ScalarType.BFloat16), (row.Data, ScalarType.Float16)])];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_and_gradients_are_those_of_single_precision_up_to_rounding(string folder, ScalarType dtype)
    {
        using var golden = new EncoderGolden(folder);
        golden.RequireSupport();
        using var scope = NewDisposeScope();
        var (layers, expected, exact) = Pass(golden, ScalarType.Float32);
        var (_, actual, rounded) = Pass(golden, dtype);
        var distance = ((exact - rounded).norm() / exact.norm()).item<float>();
        TestContext.Current.SendDiagnosticMessage(FormattableString.Invariant($"{folder} {dtype}: loss {expected:G6} and {actual:G6}, gradients off by {distance:G3}"));
        Assert.Equal(expected, actual, Allowed(6) * Math.Max(1, expected));
        Assert.InRange(distance, 0, Allowed(18));

        double Allowed(int roundings) => 2 * (dtype == ScalarType.Float16 ? 1 / 2048.0 : 1 / 256.0) * Math.Sqrt(roundings * (layers + 1));
    }

    private static (int Layers, double Loss, Tensor Gradients) Pass(EncoderGolden golden, ScalarType dtype)
    {
        using var model = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Dtype = dtype });
        using var adapted = AdaLoraModel.Attach(model,
            new AdaLoraOptions { InitialRank = 4, TargetRank = 2, Alpha = 4, Targets = TargetModules.AllLinear, Seed = 1, TotalSteps = 10, OrthogonalityWeight = 0 });
        using (no_grad())
            adapted.TrainableParameters[0].copy_(adapted.TrainableParameters[0].add(0.1));
        model.train();
        foreach (var module in model.modules().OfType<AdaLora.Transformers.Layers.Dropout>())
            module.eval();
        var logits = model.call(golden.Ids, golden.Mask, golden.Types);
        Assert.Equal(dtype, logits.dtype);
        var labels = model.Labels == 1 ? zeros(logits.shape[0]) : zeros(logits.shape[0], dtype: ScalarType.Int64);
        var loss = model.Loss(logits, labels);
        Assert.Equal(ScalarType.Float32, loss.dtype);
        loss.backward();
        Assert.True(adapted.BeforeOptimizerStep().ReadIsFinite());
        return (model.Encoder.Config.Layers, loss.item<float>(), adapted.TrainableParameters[0].grad!.clone());
    }
}
