using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>
/// What affects an optimiser's steps besides its state: the options of its parameter groups, found by reflection, or reported by the optimiser itself through <see cref="IOptimizerState"/>.
/// </summary>
internal static class OptimizerSettings
{
    public static IEnumerable<(string Name, string Value)> Of(optim.Optimizer optimizer)
    {
        yield return ("Optimizer", optimizer is FusedAdamW fused ? fused.Identity() : optimizer.GetType().Name);
        var index = 0;
        foreach (var group in optimizer.ParamGroups)
        {
            var name = $"Optimizer group {index++}";
            // Before the first step: afterwards it follows the schedule.
            yield return ($"{name} learning rate", RunIdentity.Text(group.LearningRate));
            foreach (var (option, value) in OptimizerFields.OptionsOf(group))
                yield return ($"{name} {option}", RunIdentity.Text(value));
        }

        if (optimizer is not IOptimizerState own)
            yield break;
        foreach (var (name, value) in own.Settings)
            yield return ($"Optimizer {name}", value);
    }
}
