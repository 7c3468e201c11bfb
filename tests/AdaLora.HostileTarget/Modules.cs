using AdaLora.Adapters.FrozenWeights;
using AdaLora.Targeting;
using AdaLora.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.HostileTarget;

/// <summary>Every public entry that takes a module or an optimiser, with ones that can hardly be adapted or trained.</summary>
internal static class Modules
{
    public static IEnumerable<(string Name, Func<Module> Make)> Bad =>
    [
        ("null", () => null!),
        ("nothing in it", () => Sequential()),
        ("a layer by itself", () => Linear(8, 8)),
        ("no layer to adapt", () => Sequential(("a", ReLU()))),
        ("a packed module", () => MultiheadAttention(8, 2)),
        ("no features", () => Sequential(("a", Linear(0, 8)))),
        ("half precision", () => Sequential(("a", Linear(8, 8, dtype: ScalarType.Float16)))),
        ("double precision", () => Sequential(("a", Linear(8, 8, dtype: ScalarType.Float64)))),
        ("a convolution without kernels", () => Sequential(("a", Conv2d(8, 0, 3)))),
        ("complex", () => Sequential(("a", Linear(8, 8, dtype: ScalarType.ComplexFloat32)))),
        ("the meta device", () => Sequential(("a", Linear(8, 8, device: META)))),
        ("two precisions", () => Sequential(("a", Linear(8, 8)), ("b", Linear(8, 8, dtype: ScalarType.Float64)))),
        ("two devices", () => Sequential(("a", Linear(8, 8)), ("b", Linear(8, 8, device: META)))),
        ("adapted before", () => { var model = Sequential(("a", Linear(8, 8))); AdaLoraModel.Attach(model, Options); return model; }),
        ("disposed", () => { var model = Sequential(("a", Linear(8, 8))); model.Dispose(); return model; }),
    ];

    public static IEnumerable<(string Name, Action<Module> Call)> Entries =>
    [
        ("AdaLoraModel.Attach", bad => AdaLoraModel.Attach(bad, Options).Dispose()),
        ("AdaLoraModel.Plan", bad => AdaLoraModel.Plan(bad, Options).ToString()),
        ("AdaLoraModel.Plan, of nothing", bad => AdaLoraModel.Plan(bad, null!)),
        ("AdaLoraModel.Attach, in bfloat16", bad => AdaLoraModel.Attach(bad, Options with { BasePrecision = BasePrecision.BFloat16 }).Dispose()),
        ("AdaLoraModel.Attach, in a precision that suits", bad => AdaLoraModel.Attach(bad, Options with { BasePrecision = BasePrecision.Automatic }).Dispose()),
        ("AdaLoraModel.Attach, in eight bits", bad => AdaLoraModel.Attach(bad, Options with { BasePrecision = BasePrecision.Int8 }).Dispose()),
        ("an adapter in eight bits", bad => { using var adapted = AdaLoraModel.Attach(bad, Options with { BasePrecision = BasePrecision.Int8 });
            (bad as Module<Tensor, Tensor>)?.call(ones(2, 8)).sum().backward(); adapted.Merge(); adapted.Detach(); }),
        ("AdaLoraModel.Attach, in no precision", bad => AdaLoraModel.Attach(bad, Options with { BasePrecision = null! }).Dispose()),
        ("an adapter in bfloat16", bad => { using var adapted = AdaLoraModel.Attach(bad, Options with { BasePrecision = BasePrecision.BFloat16 });
            (bad as Module<Tensor, Tensor>)?.call(ones(2, 8)).sum().backward(); adapted.Merge(); adapted.Detach(); }),
        ("AdaLoraModel.Attach, by name", bad => AdaLoraModel.Attach(bad, Options with { Targets = TargetModules.Suffixes("a") }).Dispose()),
        ("AdaLoraModel.Load", bad => Devices.InFolder(folder => { Save(folder); AdaLoraModel.Load(bad, folder).Dispose(); })),
        ("AdapterSet", bad => { using var set = new AdapterSet(bad); set.Add("a", Options); set.Select(null); }),
        ("AdapterSet.Load", bad => Devices.InFolder(folder => { Save(folder); using var set = new AdapterSet(bad); set.Load("a", folder); })),
        ("Trainer of a module", bad => { using var trainer = new Trainer(bad, new TrainerOptions { TotalSteps = 2 });
            trainer.Fit([0], (int _) => bad is Module<Tensor, Tensor> module ? module.call(ones(2, 8)).sum() : ones([])); }),
        ("Trainer of nothing", _ => new Trainer((AdaLoraModel)null!, new TrainerOptions { TotalSteps = 2 }).Dispose()),
        ("FusedAdamW", bad => { using var optimizer = new FusedAdamW(bad is null ? (IEnumerable<TorchSharp.Modules.Parameter>)null! : bad.parameters());
            ((bad as Module<Tensor, Tensor>)?.call(ones(2, 8)) ?? ones([])).sum().backward(); optimizer.step(); }),
        ("FusedAdamW, groups", bad => new FusedAdamW([bad is null ? null! : new TorchSharp.Modules.AdamW.ParamGroup { Parameters = bad.parameters() }]).Dispose()),
        ("AdaLoraModel.UseOptimizer, an optimiser of other parameters",
            bad => { using var adapted = AdaLoraModel.Attach(Good(), Options); adapted.UseOptimizer(bad is null ? null : optim.SGD(bad.parameters(), 0.1)); }),
        ("AdaLoraModel.Compact, an optimiser of other parameters",
            bad => { using var adapted = AdaLoraModel.Attach(Good(), Options); adapted.Compact(bad is null ? null : optim.SGD(bad.parameters(), 0.1)); }),
    ];

    private static AdaLoraOptions Options => new() { InitialRank = 2, TargetRank = 1 };

    private static Module Good() => Sequential(("a", Linear(8, 8)));

    private static void Save(string folder)
    {
        using var adapted = AdaLoraModel.Attach(Good(), Options);
        adapted.Save(folder);
    }
}
