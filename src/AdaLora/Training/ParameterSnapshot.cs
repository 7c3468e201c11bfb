using AdaLora.Serialization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Copies of some parameters.</summary>
internal sealed class ParameterSnapshot : IWeightSnapshot
{
    private readonly IReadOnlyList<(string Name, Parameter Parameter, Tensor Copy)> _copies;

    /// <summary>Copies the parameters as they are.</summary>
    public ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters)
        : this(parameters, p => p.Parameter)
    {
    }

    /// <summary>Takes the copies from a table.</summary>
    public ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters, StateTable state)
        : this(parameters, p => state.Tensor(p.Name))
    {
    }

    private ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters, Func<(string Name, Parameter Parameter), Tensor> source)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _copies = [.. parameters.Select(p => (p.Name, p.Parameter, source(p).detach().to(p.Parameter.device, copy: true).DetachFromDisposeScope()))];
    }

    public void Restore()
    {
        using var frozen = no_grad();
        foreach (var (_, parameter, copy) in _copies)
            parameter.copy_(copy);
    }

    public void Save(StateTable state)
    {
        foreach (var (name, _, copy) in _copies)
            state.Put(name, copy);
    }

    public void Dispose()
    {
        foreach (var (_, _, copy) in _copies)
            copy.Dispose();
    }
}
