using AdaLora.Adapters;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.TestSupport;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

public sealed class LayerGoldenTests
{
    public static TheoryData<string, int, string> Cases
    {
        get
        {
            var data = new TheoryData<string, int, string>();
            foreach (var file in TestMaterial.GoldenFiles("core", "layer_*.safetensors").Select(p => Path.GetFileNameWithoutExtension(p)!))
            {
                foreach (var row in GoldenSet.Cases("layer"))
                    data.Add(file, row.Data.Item1, row.Data.Item2);
            }

            return data;
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Forward_backward_delta_and_merged_weight_match(string file, int index, string name)
    {
        using var golden = GoldenSet.Open("layer", file);
        using var scope = NewDisposeScope();
        var item = golden.Json.GetProperty("cases")[index];
        var (dtype, tolerance) = golden[name + ".x"].dtype == ScalarType.Float64 ? (ScalarType.Float64, 1e-12) : (ScalarType.Float32, 5e-6);
        var bias = golden.Has(name + ".bias") ? golden[name + ".bias"] : null;
        var rank = item.GetProperty("r").GetInt32();

        foreach (var form in (string[])["reference", "exact"])
        {
            var baseLayer = item.GetProperty("conv1d").GetBoolean()
                ? (nn.Module<Tensor, Tensor>)new Conv1D(golden[name + ".weight"], bias)
                : MakeLinear(golden[name + ".weight"], bias, dtype);
            var layout = BankLayout.Create([new TripletShape("layer", item.GetProperty("out_features").GetInt64(), item.GetProperty("in_features").GetInt64(), rank)]);
            using var bank = TripletBank.Create(layout, dtype, TestDevice.Current);
            GoldenMatrices.Write(bank.Values, layout.Slots[0], golden[name + ".A"], golden[name + ".E"], golden[name + ".B"]);
            var scale = form == "reference" ? SvdAdapter.ScaleFor(item.GetProperty("alpha").GetDouble(), rank) : item.GetProperty("scale_exact").GetDouble();
            Assert.Equal(item.GetProperty("scale_" + form).GetDouble(), scale, 1e-15 * Math.Abs(scale));
            var layer = (SvdLinear)AdapterKinds.Describe(baseLayer)!.Adapt(new AdapterParts(bank, layout.Slots[0], scale, 0, new AdapterActivity(), BasePrecision.AsLoaded));
            var binder = new GradientBinder(bank, [layer]);

            var x = golden[name + ".x"].clone().requires_grad_();
            var y = layer.call(x);
            (y * golden[name + ".upstream"]).sum().backward();
            binder.Gather(areInBank: false);

            Tensor Expected(string part) => golden[$"{name}.{form}.{part}"];
            Close.RelativeToMaximum(Expected("y"), y, tolerance, "y");
            Close.RelativeToMaximum(Expected("grad_x"), x.grad!, tolerance, "grad_x");
            Close.RelativeToMaximum(Expected("grad_A"), bank.Gradients.Right(layout.Slots[0]), tolerance, "grad_A");
            Close.RelativeToMaximum(Expected("grad_E"), bank.Gradients.Lambda(layout.Slots[0]), tolerance, "grad_E");
            Close.RelativeToMaximum(Expected("grad_B"), bank.Gradients.Left(layout.Slots[0]), tolerance, "grad_B");
            Close.RelativeToMaximum(Expected("delta"), layer.DeltaWeight(), tolerance, "delta");

            layer.eval();
            layer.Merge(keepOriginal: true);
            Close.RelativeToMaximum(Expected("merged"), Describe(baseLayer).Weight, tolerance, "merged");
            Close.RelativeToMaximum(Expected("y"), layer.call(golden[name + ".x"]), tolerance, "y merged");
            layer.Unmerge();
            Close.Absolute(golden[name + ".weight"], Describe(baseLayer).Weight, 0, "unmerged");
        }
    }

    private static IProjection Describe(nn.Module module)
    {
        Assert.True(Projection.TryDescribe(module, out var projection));
        return projection;
    }

    private static Linear MakeLinear(Tensor weight, Tensor? bias, ScalarType dtype)
    {
        var linear = nn.Linear(weight.shape[1], weight.shape[0], hasBias: bias is not null, device: TestDevice.Current, dtype: dtype);
        using var noGrad = no_grad();
        linear.weight.copy_(weight);
        if (bias is not null)
            linear.bias!.copy_(bias);
        return linear;
    }
}
