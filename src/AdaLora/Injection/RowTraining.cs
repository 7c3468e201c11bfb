using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Rows of a table of embeddings as a parameter of their own, which is what the optimiser trains. The table holds them, written anew after each step, so that it does not matter how the model
/// uses it; it gets the gradient, of which these rows are taken.
/// </summary>
internal sealed class RowTraining : IDisposable
{
    private readonly RowSite _site;
    private readonly Tensor _rows;
    private readonly Tensor _before;

    public RowTraining(RowSite site)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _site = site;
        var table = site.Slots[0].Value;
        _rows = tensor(site.Rows.ToArray(), device: table.device).DetachFromDisposeScope();
        _before = table.detach().index_select(0, _rows).clone().DetachFromDisposeScope();
        // Half precision is too coarse to add small steps to.
        var isHalf = table.dtype is ScalarType.Float16 or ScalarType.BFloat16;
        Values = new Parameter(_before.to(isHalf ? ScalarType.Float32 : table.dtype, copy: true));
        Values.DetachFromDisposeScope();
    }

    /// <summary>The dotted name of the table's module.</summary>
    public string Table => _site.Name;

    /// <summary>The rows.</summary>
    public IReadOnlyList<long> Rows => _site.Rows;

    /// <summary>The name under which PEFT stores the rows.</summary>
    public string Name => _site.TrainedName;

    /// <summary>The rows' current values, (rows, width).</summary>
    public Parameter Values { get; }

    /// <summary>The parameters with the gradient.</summary>
    public IReadOnlyList<TensorSlot> Slots => _site.Slots;

    /// <summary>Whether a backward pass has left a gradient.</summary>
    public bool HasGradient => Slots.Any(slot => slot.Exists && slot.Value.grad is not null);

    /// <summary>Lets the table hold the trained rows, or those of the base model.</summary>
    public void Write(bool trained)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var slot in Slots.Where(slot => slot.Exists).Take(1))
            _ = slot.Value.index_copy_(0, _rows, trained ? Values.to(_before.dtype) : _before);
        foreach (var slot in Slots.Where(slot => slot.Exists))
            slot.Value.requires_grad = trained;
    }

    /// <summary>Adds the gradient of these rows of the table to that of <see cref="Values"/>.</summary>
    public void Project()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var gradient in Slots.Select(slot => slot.Value.grad).OfType<Tensor>())
        {
            var own = (gradient.is_sparse ? gradient.to_dense() : gradient).index_select(0, _rows).to(Values.dtype);
            if (Values.grad is { } sum)
                sum.AddInPlace(own);
            else
                Values.grad = own;
        }
    }

    /// <summary>A copy of the table with the rows of the base model.</summary>
    public Tensor ReadBase() => Slots[0].Value.detach().clone().index_copy_(0, _rows, _before);

    /// <summary>Drops the table's gradient.</summary>
    public void DropGradient()
    {
        foreach (var slot in Slots.Where(slot => slot.Exists))
            slot.Value.grad = null;
    }

    /// <summary>Leaves the table with the rows it has, as a frozen parameter.</summary>
    public void Release()
    {
        DropGradient();
        foreach (var slot in Slots.Where(slot => slot.Exists))
            slot.Value.requires_grad = false;
    }

    public void Dispose()
    {
        _rows.Dispose();
        _before.Dispose();
        Values.Dispose();
    }
}
