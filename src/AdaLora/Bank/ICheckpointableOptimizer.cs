using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>An optimiser of one's own whose state can be saved in a checkpoint and taken back. TorchSharp's optimisers need not implement it.</summary>
public interface ICheckpointableOptimizer
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
}
