using AdaLora.Internals;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// The buffers of a base model, such as batch norm's running averages, which training changes implicitly: their original values, so that the current ones can be saved with the adapter and reverted.
/// Buffers within adapted layers, or that are themselves adapted, are not included, because these are frozen; nor are those of modules trained in full, which keep what they learn.
/// </summary>
internal sealed class BaseBuffers : IDisposable
{
    private readonly IReadOnlyList<(string Name, nn.Module Owner, string OwnName, Tensor Before)> _buffers;

    /// <summary>Copies the current buffers.</summary>
    /// <param name="model">With or without the adapters.</param>
    /// <param name="sites">The layers that carry them.</param>
    /// <param name="fullyTrained">Names of the modules that are trained in full.</param>
    public BaseBuffers(nn.Module model, IReadOnlyList<InjectionSite> sites, IReadOnlyList<string> fullyTrained)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var adapted = sites.Where(s => s.IsLayer).SelectMany(s => ModuleNode.WalkOriginal(s.Layer)).Select(n => n.Module).ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        var weights = sites.Where(s => s.IsMaterialized).SelectMany(s => s.Way.Slots).Select(slot => slot.FullName).ToHashSet(StringComparer.Ordinal);
        _buffers =
        [
            .. ModuleNode.WalkOriginal(model)
                .Where(node => !adapted.Contains(node.Module) && !fullyTrained.Any(trained => trained.Length == 0 || ModuleNames.IsAtOrIn(node.Path, trained)))
                .SelectMany(node => node.Module.named_buffers(recurse: false).Select(own => (Node: node, own.name, own.buffer)))
                .DistinctBy(b => b.buffer.Handle)
                .Select(b => (FullName: b.Node.Path.Length == 0 ? b.name : $"{b.Node.Path}.{b.name}", b.Node.Module, b.name, b.buffer))
                .Where(b => !weights.Contains(b.FullName))
                .Select(b => (b.FullName, b.Module, b.name, b.buffer.detach().clone().DetachFromDisposeScope())),
        ];
    }

    /// <summary>The modules that keep running averages of what they see in training, by name.</summary>
    public IReadOnlyList<string> ModulesWithStatistics =>
        [.. _buffers.Where(b => b.OwnName is "running_mean" or "running_var").Select(b => b.Name[..Math.Max(0, b.Name.Length - b.OwnName.Length - 1)]).Distinct(StringComparer.Ordinal)];

    /// <summary>All of them with their current values, by their names in the original model.</summary>
    public IEnumerable<(string Name, Tensor Value)> Present => Living.Select(b => (b.Name, b.Now));

    // Looked up anew, because a module may have replaced the tensor, or the model may have been disposed.
    private IEnumerable<(string Name, Tensor Now, Tensor Before)> Living =>
        _buffers.Select(b => (b.Name, Now: b.Owner.named_buffers(recurse: false).FirstOrDefault(own => own.name == b.OwnName).buffer, b.Before)).Where(b => b.Now is { IsInvalid: false });

    /// <summary>Those whose values have changed. Waits for the device once for each.</summary>
    public IReadOnlyList<(string Name, Tensor Value)> ReadChanged()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return [.. Living.Where(b => !IsSame(b.Now, b.Before) || !HostRead.Scalar<bool>(b.Now.eq(b.Before).all())).Select(b => (b.Name, b.Now))];
    }

    /// <summary>Restores the model's original buffers until the returned scope is disposed.</summary>
    public IDisposable PutBackForAWhile()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var kept = Living.Select(b => (b.Now, b.Now.detach().clone().DetachFromDisposeScope())).ToList();
        PutBack();
        return new Return(kept);
    }

    /// <summary>Restores the model's original buffers.</summary>
    public void PutBack()
    {
        using var noGrad = no_grad();
        foreach (var (_, now, before) in Living.Where(b => IsSame(b.Now, b.Before)))
            now.copy_(before);
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
            buffer.Before.Dispose();
    }

    private static bool IsSame(Tensor now, Tensor before) => now.dtype == before.dtype && now.shape.SequenceEqual(before.shape);

    private sealed class Return(IReadOnlyList<(Tensor Live, Tensor Kept)> kept) : IDisposable
    {
        public void Dispose()
        {
            using var noGrad = no_grad();
            foreach (var (live, copy) in kept)
            {
                if (!live.IsInvalid)
                    live.copy_(copy);
                copy.Dispose();
            }
        }
    }
}
