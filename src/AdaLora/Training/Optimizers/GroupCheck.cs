using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>Validates a parameter group before an optimiser accepts it.</summary>
internal static class GroupCheck
{
    /// <summary>Checks a group's options together with those it inherits.</summary>
    public static void Options(AdamW.Options? own, AdamW.Options inherited, Problems problems)
    {
        double Of(Func<AdamW.Options, double?> option) => (own is null ? null : option(own)) ?? option(inherited)!.Value;
        bool Is(Func<AdamW.Options, bool?> option) => (own is null ? null : option(own)) ?? option(inherited) ?? false;

        var (rate, beta1, beta2, epsilon, decay) = (Of(o => o.LearningRate), Of(o => o.beta1), Of(o => o.beta2), Of(o => o.eps), Of(o => o.weight_decay));
        problems.Require(rate >= 0 && double.IsFinite(rate), $"the learning rate is {rate}; it must not be negative");
        problems.Require(beta1 is >= 0 and < 1, $"beta1 is {beta1}; it must lie in [0, 1)");
        problems.Require(beta2 is >= 0 and < 1, $"beta2 is {beta2}; it must lie in [0, 1)");
        problems.Require(epsilon >= 0 && double.IsFinite(epsilon), $"epsilon is {epsilon}; it must not be negative");
        problems.Require(decay >= 0 && double.IsFinite(decay), $"the weight decay is {decay}; it must not be negative");
        problems.Require(!Is(o => o.amsgrad), "amsgrad is on, which this optimiser does not have; use TorchSharp's AdamW");
        problems.Require(!Is(o => o.maximize), "maximize is on, which this optimiser does not have; negate the loss, or use TorchSharp's AdamW");
    }

    /// <exception cref="ArgumentNullException">A parameter is null.</exception>
    public static void Parameters(IReadOnlyList<Parameter> parameters, IEnumerable<Parameter> present, Problems problems)
    {
        var seen = new HashSet<Parameter>(present, ReferenceEqualityComparer.Instance);
        for (var index = 0; index < parameters.Count; index++)
        {
            var parameter = parameters[index] ?? throw new ArgumentNullException(nameof(parameters), $"Parameter {index} is null.");
            problems.Require(seen.Add(parameter), $"parameter {index} is listed twice");
            if (parameter.IsInvalid)
            {
                problems.Require(false, $"parameter {index} was freed");
            }
            else
            {
                problems.Require(
                    parameter.dtype is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16,
                    $"parameter {index} holds {parameter.dtype}; only Float32, Float64, Float16 and BFloat16 can be trained");
            }
        }
    }
}
