using AdaLora.Bank;
using AdaLora.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Copies of some parameters, and of all buffers of their model, because running averages belong to the weights they were computed with.</summary>
internal sealed class ParameterSnapshot : IDisposable
{
    private readonly IReadOnlyList<(string Name, Tensor Live, Tensor Copy)> _copies;

    /// <summary>Copies the current parameters and buffers.</summary>
    public ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters, nn.Module model)
        : this(parameters, model, p => p.Live)
    {
    }

    /// <summary>Takes the copies from a table.</summary>
    public ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters, nn.Module model, StateTable state)
        : this(parameters, model, p => state.Tensor(p.Name))
    {
    }

    private ParameterSnapshot(IEnumerable<(string Name, Parameter Parameter)> parameters, nn.Module model, Func<(string Name, Tensor Live), Tensor> source)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var all = parameters.Select(p => (p.Name, Live: (Tensor)p.Parameter)).Concat(model.named_buffers().Select(b => (Name: "buffers." + b.name, Live: b.buffer)));
        _copies = [.. all.Select(p => (p.Name, p.Live, source(p).detach().to(p.Live.device, copy: true).DetachFromDisposeScope()))];
    }

    /// <summary>Adds steps to a change that restore everything.</summary>
    /// <exception cref="InvalidOperationException">Something was freed, as by moving the model, or has changed its size.</exception>
    public void Restore(Transition steps)
    {
        foreach (var (name, live, copy) in _copies)
        {
            if (live.IsInvalid || !live.shape.SequenceEqual(copy.shape))
                throw new InvalidOperationException($"'{name}' is no longer what it was when the weights were kept: the model was moved or changed. Nothing was restored.");
        }

        steps.AddLast(() =>
        {
            foreach (var (_, live, copy) in _copies)
                live.copy_(copy);
        });
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
