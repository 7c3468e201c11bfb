using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// Parameters of which some may share memory, such as tied weights: backward passes give each its own gradient, but an optimiser must step the memory once, along their sum.
/// </summary>
internal sealed class TiedParameters
{
    private readonly IReadOnlyList<(Parameter Whole, Parameter Part, long Offset)> _tied;

    /// <param name="parameters">The trained parameters, in model order.</param>
    public TiedParameters(IReadOnlyList<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        var ranges = parameters.Select(parameter => MemoryRange.Of(parameter)).ToList();
        // The same tensor under two names has one gradient, which must not be added to itself.
        var own = parameters.Where((parameter, i) => ranges[i] is null || !parameters.Take(i).Where((_, k) => ranges[k] == ranges[i]).Any(earlier => SameTensor.Is(earlier, parameter))).ToList();
        var candidates = own.Select((parameter, index) => (Parameter: parameter, Index: index, Range: MemoryRange.Of(parameter))).ToList();
        var tied = new List<(Parameter Whole, Parameter Part, long Offset)>();
        foreach (var part in candidates.Where(c => c.Range is not null))
        {
            // The largest of those that contain it, the first in a tie: one that is not itself part of another.
            var whole = candidates
                .Where(c => c.Index != part.Index && c.Range?.Contains(part.Range!.Value) == true && c.Parameter.dtype == part.Parameter.dtype && c.Parameter.is_contiguous())
                .Where(c => c.Range != part.Range || c.Index < part.Index || !part.Parameter.is_contiguous())
                .OrderByDescending(c => c.Range!.Value.End - c.Range.Value.Start).ThenBy(c => c.Index)
                .FirstOrDefault();
            if (whole.Parameter is not null)
                tied.Add((whole.Parameter, part.Parameter, (part.Range!.Value.Start - whole.Range!.Value.Start) / part.Parameter.element_size()));
        }

        _tied = tied;
        var parts = tied.Select(t => t.Part).ToHashSet<Parameter>(ReferenceEqualityComparer.Instance);
        Distinct = [.. own.Where(p => !parts.Contains(p))];
    }

    /// <summary>What to pass to an optimiser: one parameter for each piece of memory.</summary>
    public IReadOnlyList<Parameter> Distinct { get; }

    /// <summary>Adds the gradients of all others to those of <see cref="Distinct"/>, and leaves the others without. Once per optimiser step, before gradients are inspected.</summary>
    public void Gather()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (whole, part, offset) in _tied)
        {
            if (part.grad is not { } gradient)
                continue;
            var sum = whole.grad is { } present ? Dense(present) : zeros_like(whole);
            _ = sum.as_strided(part.shape, part.stride(), sum.storage_offset() + offset).AddInPlace(Dense(gradient));
            whole.grad = sum;
            part.grad = null;
        }
    }

    private static Tensor Dense(Tensor gradient) => (gradient.is_sparse ? gradient.to_dense() : gradient).contiguous();
}
