using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Parameters;

/// <summary>
/// Holds every triplet {column of P, lambda, row of Q} of a model in one flat buffer, and their gradients in a second one of the same layout.
/// The optimiser sees a single parameter; adapters see shaped views of it.
/// </summary>
public sealed class TripletBank : IDisposable
{
    private TripletBank(BankLayout layout, ScalarType dtype, Device device)
    {
        Layout = layout;
        Values = new Parameter(zeros(layout.Elements, dtype: dtype, device: device));
        Gradients = zeros(layout.Elements, dtype: dtype, device: device);
        Values.DetachFromDisposeScope();
        Gradients.DetachFromDisposeScope();
        BindGradients();
    }

    /// <summary>Where each matrix lives in the buffers.</summary>
    public BankLayout Layout { get; private set; }

    /// <summary>All P, Q and lambda, (elements). The one parameter to give to an optimiser; its gradient is <see cref="Gradients"/>.</summary>
    public Parameter Values { get; }

    /// <summary>Gradients of <see cref="Values"/>, (elements), accumulated in place by the adapters' backward pass.</summary>
    public Tensor Gradients { get; private set; }

    /// <summary>Makes a bank of zeros.</summary>
    /// <param name="layout">The matrices to hold.</param>
    /// <param name="dtype"><see cref="ScalarType.Float32"/> or <see cref="ScalarType.Float64"/>.</param>
    /// <param name="device">Where the buffers live; they never move.</param>
    /// <exception cref="ArgumentException"><paramref name="dtype"/> is neither of the two.</exception>
    public static TripletBank Create(BankLayout layout, ScalarType dtype, Device device)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(device);
        if (dtype is not (ScalarType.Float32 or ScalarType.Float64))
            throw new ArgumentException($"A bank holds Float32 or Float64, not {dtype}: statistics of gradients need the range.", nameof(dtype));
        return new TripletBank(layout, dtype, device);
    }

    /// <summary>P, Q ~ N(0, <paramref name="standardDeviation"/>²), lambda = 0, so that the adapted model starts as the base model.</summary>
    /// <param name="standardDeviation">Standard deviation of the entries of P and Q; 0.02 in the published code.</param>
    /// <param name="seed">With a seed, each matrix is drawn from its own generator, so that its values do not depend on what else is adapted.</param>
    public void Initialize(double standardDeviation, long? seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Values.zero_();
        foreach (var slot in Layout.Slots.Where(s => s.Rank > 0))
        {
            var generator = seed is { } value ? new Generator(SeedFor(value, slot.Name), CPU) : null;
            Draw(Values.Right(slot), standardDeviation, generator);
            Draw(Values.Left(slot), standardDeviation, generator);
            generator?.Dispose();
        }
    }

    /// <summary>Sets all gradients to zero. The adapters' gradient views stay bound.</summary>
    public void ZeroGradients() => Gradients.zero_();

    /// <summary>Makes <see cref="Gradients"/> the gradient of <see cref="Values"/> again after somebody set it to null.</summary>
    public void BindGradients() => Values.grad = Gradients;

    /// <summary>
    /// Shrinks the buffers in place. <see cref="Values"/> stays the same parameter object, so that an optimiser goes on with it; views of the old buffers go stale.
    /// </summary>
    /// <param name="layout">The smaller layout.</param>
    /// <param name="origins">For each element of the smaller buffers, its index in the present ones, (elements), on the device.</param>
    internal void Compact(BankLayout layout, Tensor origins)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Replace(layout, Values.index_select(0, origins), Gradients.index_select(0, origins));
    }

    /// <summary>Takes back values that were captured under another layout. Gradients become 0.</summary>
    internal void Restore(BankLayout layout, Tensor values)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Replace(layout, values.clone(), values.new_zeros(values.shape));
    }

    private void Replace(BankLayout layout, Tensor values, Tensor gradients)
    {
        Values.set_(values);
        Gradients.Dispose();
        Gradients = gradients.DetachFromDisposeScope();
        Layout = layout;
        BindGradients();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    // Random numbers are drawn on the CPU: the same seed gives the same adapter on every device.
    private static void Draw(Tensor target, double standardDeviation, Generator? generator) =>
        target.copy_(randn(target.shape, dtype: target.dtype, generator: generator).MulInPlace(standardDeviation));

    // FNV-1a over the name, mixed with the seed: stable across platforms and runs, unlike string.GetHashCode.
    private static ulong SeedFor(long seed, string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in name)
            hash = (hash ^ c) * 1099511628211UL;
        return hash ^ ((ulong)seed * 0x9E3779B97F4A7C15UL);
    }
}
