using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// A custom optimiser whose state can be saved in a checkpoint and restored, and follows the adapters when triplets are dropped, added or restored. TorchSharp's managed optimisers need not
/// implement it.
/// </summary>
public interface IOptimizerState
{
    /// <summary>Everything the next steps depend on, by name; numbers as one-element tensors. The tensors are read immediately and not kept.</summary>
    IReadOnlyDictionary<string, Tensor> CaptureState();

    /// <summary>
    /// Settings that affect the next steps but are not options of a parameter group, such as betas, by name: training resumes only from a checkpoint whose optimiser had the same ones. None
    /// by default.
    /// </summary>
    IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <summary>Restores what <see cref="CaptureState"/> returned, possibly in another process. The parameters already have the values and sizes of that moment.</summary>
    /// <param name="state">Tensors on the CPU, freed after the call: copy what is needed.</param>
    void ResumeState(IReadOnlyDictionary<string, Tensor> state);

    /// <summary>
    /// Rearranges whatever is stored per element of a parameter. If it throws, the parameter gets its former elements back, as if nothing had happened.
    /// </summary>
    /// <param name="parameter">The parameter; it already has its new elements, and is still the same object.</param>
    /// <param name="origins">For each current element, its former index, (elements), on the parameter's device; -1 for a new one, whose state starts at 0.</param>
    void Resize(Parameter parameter, Tensor origins);
}
