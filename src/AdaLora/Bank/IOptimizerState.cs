using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// An optimiser of one's own whose state can be saved in a checkpoint and taken back, and follows the adapters when triplets are dropped, added or put back. TorchSharp's managed optimisers need not implement it.
/// </summary>
public interface IOptimizerState
{
    /// <summary>Everything that the next steps depend on, by name; numbers as tensors with one element. The tensors are read at once and not kept.</summary>
    IReadOnlyDictionary<string, Tensor> CaptureState();

    /// <summary>
    /// Settings that decide about the next steps and are no options of a parameter group, such as betas, by name: a training only goes on from a checkpoint whose optimiser had the same. None by default.
    /// </summary>
    IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <summary>Goes on from what <see cref="CaptureState"/> returned, in another process perhaps. The parameters have the values and sizes of that moment already.</summary>
    /// <param name="state">Tensors on the CPU, freed after the call: copy what is needed.</param>
    void ResumeState(IReadOnlyDictionary<string, Tensor> state);

    /// <summary>
    /// Rearranges whatever is stored per element of a parameter. If it throws, the parameter gets its former elements back, and nothing has happened.
    /// </summary>
    /// <param name="parameter">The parameter; it already has its other elements, and is still the same object.</param>
    /// <param name="origins">For each element that it has now its former index, (elements), on the device of the parameter; -1 for one that is new, whose state begins at 0.</param>
    void Resize(Parameter parameter, Tensor origins);
}
