using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Copies of some parameters.</summary>
internal sealed class ParameterSnapshot : IWeightSnapshot
{
    private readonly IReadOnlyList<(Parameter Parameter, Tensor Copy)> _copies;

    public ParameterSnapshot(IEnumerable<Parameter> parameters)
    {
        using var frozen = no_grad();
        _copies = [.. parameters.Select(p => (p, p.detach().clone().DetachFromDisposeScope()))];
    }

    public void Restore()
    {
        using var frozen = no_grad();
        foreach (var (parameter, copy) in _copies)
            parameter.copy_(copy);
    }

    public void Dispose()
    {
        foreach (var (_, copy) in _copies)
            copy.Dispose();
    }
}
