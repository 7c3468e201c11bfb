using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>An optimiser of one's own whose per-element state can follow a parameter that shrinks. TorchSharp's optimisers need not implement it.</summary>
public interface ICompactableOptimizer
{
    /// <summary>Keeps only some elements of whatever is stored per element of a parameter. If it throws, the parameter gets its former elements back, and nothing has happened.</summary>
    /// <param name="parameter">The parameter; it has already shrunk, and is still the same object.</param>
    /// <param name="origins">For each element that is left, its former index, (elements), on the device of the parameter.</param>
    void Compact(Parameter parameter, Tensor origins);
}
