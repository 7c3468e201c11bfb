using AdaLora.Adapters;
using AdaLora.TestSupport;
using AdaLora.Transformers;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>
/// Encoders in bfloat16 against the same in float32. A number is rounded by at most u = 2^-8 of itself. A layer rounds what goes from one to the next about six times (projections, weights
/// and values of attention, output, two feed-forward products, norms), and roundings are independent, so that they add up as squares do: after n roundings the states are off by about u
/// sqrt(n) / 2 of their size. Three times as much is allowed, for operations that make errors larger, such as the difference that a layer norm takes.
/// </summary>
internal sealed class LowPrecisionCheck : ICheck
{
    private const double Rounding = 1.0 / 256;
    private const int RoundingsPerLayer = 6;
    private const double Allowance = 1.5;

    public string Name => "bf16";

    public string Title => "Encoders and adapters in bfloat16 against float32";

    public double LeastSeconds => 5;

    public void Run(CheckContext context)
    {
        var rows = new List<CheckRow>();
        string[] folders = [.. EncoderGolden.Cases("ForSequenceClassification").Select(row => row.Data)];
        context.Require(folders.Length > 0, $"There are no encoders to compare with.");
        foreach (var folder in folders.Take(context.IsQuick ? 2 : int.MaxValue))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            using var golden = new EncoderGolden(folder);
            using var single = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Device = TestDevice.Current });
            using var low = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Device = TestDevice.Current, Dtype = ScalarType.BFloat16 });
            var states = Distance(Real(single), Real(low));
            var layers = single.Encoder.Config.Layers;
            var allowed = Allowance * Rounding * Math.Sqrt(RoundingsPerLayer * (layers + 1));
            context.Require(states <= allowed, $"{folder}: the last states are off by {states:G3} of their size, allowed {allowed:G3}.");
            var logits = Distance(single.call(golden.Ids, golden.Mask, golden.Types), low.call(golden.Ids, golden.Mask, golden.Types));
            rows.Add(new CheckRow(folder, [states, allowed, logits]));

            Tensor Real(SequenceClassifier model) => model.Encoder.HiddenStates(golden.Ids, golden.Mask, golden.Types)[^1][golden.Mask.to(ScalarType.Bool)];
        }

        context.Add(new CheckTable("Norm of the difference over norm in float32", ["last states", "allowed", "logits"], rows));
        CheckAdapter(context);
    }

    // y = x W' + s x Q' P' has one rounding of the product with W, one of the sum and those of x and W themselves.
    private static void CheckAdapter(CheckContext context)
    {
        using var scope = NewDisposeScope();
        var (input, weight, left, right) = (randn([64, 96], device: context.Device), randn([80, 96], device: context.Device), randn([80, 8], device: context.Device),
            randn([8, 96], device: context.Device));
        var exact = Gradients(input, weight);
        var low = Gradients(input.to(ScalarType.BFloat16), weight.to(ScalarType.BFloat16));
        var allowed = 2 * Rounding;
        foreach (var (name, a, b) in ((string[])["output", "gradient of the input", "gradient of P", "gradient of Q"]).Zip(exact, low))
        {
            var distance = Distance(a, b);
            context.Note($"Adapter over a bfloat16 layer, {name}: off by {distance:G3} of its size");
            context.Require(distance <= allowed, $"An adapter over a bfloat16 layer, {name}: off by {distance:G3} of its size, allowed {allowed:G3}.");
        }

        IReadOnlyList<Tensor> Gradients(Tensor x, Tensor w)
        {
            Tensor[] leaves = [x.detach().clone().requires_grad_(), left.detach().clone().requires_grad_(), right.detach().clone().requires_grad_()];
            var output = AdaptedLinear.Apply(leaves[0], w, null, leaves[1], null, leaves[2], 0.25);
            output.to(ScalarType.Float32).sum().backward();
            return [output, .. leaves.Select(leaf => leaf.grad!)];
        }
    }

    private static double Distance(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var wide = expected.detach().to(ScalarType.Float64);
        return actual.detach().to(ScalarType.Float64).sub(wide).norm().div(wide.norm()).item<double>();
    }
}
