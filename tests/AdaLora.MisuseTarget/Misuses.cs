using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.MisuseTarget;

/// <summary>What a second thread may do to a model that is being trained. None of it is right, and most of it is refused.</summary>
internal static class Misuses
{
    public static IReadOnlyList<(string Name, bool InSet, Action<Bench> Do)> All { get; } =
    [
        ("Dispose", false, b => b.Adapted.Dispose()),
        ("Detach", false, b => b.Adapted.Detach()),
        ("Merge", false, b => b.Adapted.Merge()),
        ("Merge without originals", false, b => b.Adapted.Merge(keepOriginals: false)),
        ("Unmerge", false, b => b.Adapted.Unmerge()),
        ("Merge and Unmerge", false, b => Both(() => b.Adapted.Merge(), b.Adapted.Unmerge)),
        ("MergeAndDetach", false, b => b.Adapted.MergeAndDetach()),
        ("Compact", false, b => b.Adapted.Compact()),
        ("Finish", false, b => b.Adapted.Finish()),
        ("Finish and Compact", false, b => Both(b.Adapted.Finish, () => b.Adapted.Compact())),
        ("Begin", false, b => b.Adapted.Begin(40)),
        ("BeforeOptimizerStep", false, b => b.Adapted.BeforeOptimizerStep(1)),
        ("AfterOptimizerStep", false, b => b.Adapted.AfterOptimizerStep()),
        ("both calls of a step", false, b => Both(() => b.Adapted.BeforeOptimizerStep(1), b.Adapted.AfterOptimizerStep)),
        ("Save", false, b => b.Adapted.Save(b.Folder)),
        ("ExportLora", false, b => b.Adapted.ExportLora(b.Folder)),
        ("Load into the same model", false, b => Both(() => b.Adapted.Save(b.Folder), () => AdaLoraModel.Load(b.Model, b.Folder))),
        ("Attach to the same model", false, b => AdaLoraModel.Attach(b.Model, TinyTask.Options)),
        ("Report", false, b => b.Adapted.Report()),
        ("ReadPattern", false, b => b.Adapted.ReadPattern()),
        ("ReadImportance", false, b => b.Adapted.ReadImportance()),
        ("ReadPenalty and norms", false, b => _ = (b.Adapted.ReadPenalty(), b.Adapted.ReadGradientNorm(), b.Adapted.ReadRejectedUpdates())),
        ("DisableAdapters", false, b => b.Adapted.DisableAdapters().Dispose()),
        ("DisableAdapters around a pass", false, b => { using (b.Adapted.DisableAdapters()) b.Loss(); }),
        ("DeltaWeight", false, b => b.Adapted.Adapters[0].DeltaWeight()),
        ("eval and train", false, b => { b.Model.eval(); b.Model.train(); }),
        ("a pass", false, b => b.Loss()),
        ("a pass without a graph", false, b => { using (no_grad()) b.Loss(); }),
        ("a pass and a backward pass", false, b => b.Loss().backward()),
        ("a backward pass after the weights changed", false, b => { var loss = b.Loss(); Change(b, 0); loss.backward(); }),
        ("triplets changed in place", false, b => Change(b, 0)),
        ("a head changed in place", false, b => Change(b, 1)),
        ("base weights changed in place", false, b => { using (no_grad()) b.Model.get_parameter("first.base_layer.weight")!.mul_(ones(1)); }),
        ("gradients set to zero", false, b => b.Model.zero_grad(set_to_none: false)),
        ("gradients set to nothing", false, b => b.ForgetGradients()),
        ("a second trainer", false, b => { using var other = new Trainer(b.Adapted, new TrainerOptions { TotalSteps = 40 });
            other.Fit(TinyTask.Batches(40), batch => TinyTask.Loss(b.Model, batch)); }),
        ("the same trainer again", false, b => b.Fit()),
        ("a loop by hand", false, b => b.Loop()),
        ("Dispose of the trainer", false, b => b.Trainer.Dispose()),
        ("RestoreBest", false, b => b.Trainer.RestoreBest()),
        ("to another dtype", false, b => b.Model.to(ScalarType.Float64)),
        ("to the device where it is", false, b => b.Model.to(CPU)),
        ("load_state_dict", false, b => b.Model.load_state_dict(b.Model.state_dict().ToDictionary(s => s.Key, s => s.Value.detach().clone()))),
        ("parameters that learn no more", false, b => { foreach (var p in b.Model.parameters()) p.requires_grad = false; }),
        ("Select of another", true, b => b.Set.Select("other")),
        ("Select of none", true, b => b.Set.Select(null)),
        ("Select back and forth", true, b => Both(() => b.Set.Select("other"), () => b.Set.Select("trained"))),
        ("Delete", true, b => b.Set.Delete("trained")),
        ("Delete of the other", true, b => b.Set.Delete("other")),
        ("Add", true, b => b.Set.Add("third", TinyTask.Options)),
        ("Disable", true, b => b.Set.Disable().Dispose()),
        ("Dispose of the set", true, b => b.Set.Dispose()),
        ("Detach behind the set", true, b => b.Adapted.Detach()),
    ];

    private static void Both(Action first, Action second)
    {
        try
        {
            first();
        }
        finally
        {
            second();
        }
    }

    private static void Change(Bench bench, int parameter)
    {
        using var noGrad = no_grad();
        _ = bench.Adapted.TrainableParameters[parameter].add_(ones(1));
    }
}
