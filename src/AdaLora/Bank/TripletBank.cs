using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// Holds every triplet {column of P, lambda, row of Q} of a model in one flat buffer, and their gradients in a second buffer of the same layout.
/// The optimiser sees a single parameter; adapters see shaped views of it. Which triplets are held changes only here: everything that depends on it follows in the same <see cref="Transition"/>.
/// </summary>
internal sealed class TripletBank : IDisposable
{
    private readonly List<IBankFollower> _followers = [];

    // If null, nothing is drawn: new triplets are 0.
    private (Func<string, TripletDraw> DrawOf, long? Seed)? _initialization;

    private TripletBank(BankLayout layout, ScalarType dtype, Device device)
    {
        (FirstLayout, Roster) = (layout, TripletRoster.First(layout));
        Values = new Parameter(zeros(layout.Elements, dtype: dtype, device: device));
        Gradients = zeros(layout.Elements, dtype: dtype, device: device);
        Values.DetachFromDisposeScope();
        Gradients.DetachFromDisposeScope();
        BindGradients();
    }

    /// <summary>Where each matrix is in the buffers.</summary>
    public BankLayout Layout => Roster.Layout;

    /// <summary>All P, Q and lambda, (elements). The only parameter to pass to an optimiser; its gradient is <see cref="Gradients"/>.</summary>
    public Parameter Values { get; }

    /// <summary>Gradients of <see cref="Values"/>, (elements), accumulated in place by the adapters' backward pass.</summary>
    public Tensor Gradients { get; }

    /// <summary>Creates a bank of zeros.</summary>
    /// <param name="layout">The matrices to hold.</param>
    /// <param name="dtype"><see cref="ScalarType.Float32"/> or <see cref="ScalarType.Float64"/>.</param>
    /// <param name="device">The device of the buffers; they never move.</param>
    /// <exception cref="ArgumentException"><paramref name="dtype"/> is neither of the two.</exception>
    public static TripletBank Create(BankLayout layout, ScalarType dtype, Device device)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(device);
        if (dtype is not (ScalarType.Float32 or ScalarType.Float64))
            throw new ArgumentException($"A bank holds Float32 or Float64, not {dtype}: statistics of gradients need the range.", nameof(dtype));
        return new TripletBank(layout, dtype, device);
    }

    /// <summary>Triplets as drawn. Their products are 0, so that the adapted model starts as the base model.</summary>
    /// <param name="drawOf">How the triplets of a matrix are drawn, given its name, now and those that are added later.</param>
    /// <param name="seed">With a seed, each matrix is drawn from its own generator, so that its values do not depend on what else is adapted.</param>
    public void Initialize(Func<string, TripletDraw> drawOf, long? seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _initialization = (drawOf, seed);
        Values.zero_();
        foreach (var slot in Layout.Slots.Where(s => s.Rank > 0))
            Draw(slot.Name, slot.Name, Values.Right(slot), Values.Left(slot), Values.Lambda(slot));
    }

    /// <summary>Sets all gradients to zero. The adapters' gradient views stay bound.</summary>
    public void ZeroGradients() => Gradients.zero_();

    /// <summary>Makes <see cref="Gradients"/> the gradient of <see cref="Values"/> again after it was set to null.</summary>
    public void BindGradients() => Values.grad = Gradients;

    /// <summary>The initial contents of the bank.</summary>
    internal BankLayout FirstLayout { get; }

    /// <summary>Which triplets are held.</summary>
    internal TripletRoster Roster { get; private set; }

    /// <summary>From now on, <paramref name="follower"/> is notified of every change of the layout, before anything is changed.</summary>
    internal void AddFollower(IBankFollower follower) => _followers.Add(follower);

    /// <summary>The follower is no longer notified.</summary>
    internal void RemoveFollower(IBankFollower follower) => _followers.Remove(follower);

    /// <summary>
    /// Plans a change of the triplets the bank holds, and of everything that follows it. <see cref="Values"/> and <see cref="Gradients"/> stay the same objects, so that an optimiser
    /// continues with them.
    /// </summary>
    /// <param name="roster">The triplets held afterwards.</param>
    /// <param name="values">The values afterwards, (elements), whose memory becomes the bank's; gradients are then 0. If null, current values and gradients are kept, and triplets not held
    /// now start as all did initially.</param>
    /// <param name="steps">Receives the steps. Tensors of the plan belong to the caller's dispose scope.</param>
    /// <returns>The change, for anything else that follows.</returns>
    /// <exception cref="InvalidDataException">The number of values is not the number of elements.</exception>
    internal BankChange Resize(TripletRoster roster, Tensor? values, Transition steps)
    {
        var layout = roster.Layout;
        if (values is not null && (values.dim() != 1 || values.numel() != layout.Elements))
            throw new InvalidDataException($"The triplets have ({string.Join(", ", values.shape)}) values; {layout.Elements} are needed.");
        using var noGrad = no_grad();
        var triplets = roster.OriginsIn(Roster);
        var origins = tensor(layout.OriginsIn(Layout, triplets), device: Gradients.device);
        var change = new BankChange(
            Layout,
            layout,
            origins,
            tensor(triplets, dtype: ScalarType.Int64, device: Gradients.device),
            values ?? Begin(BankChange.Gather(Values.detach(), origins), roster, triplets),
            values is null ? BankChange.Gather(Gradients, origins) : Gradients.new_zeros(layout.Elements));
        var former = Roster;
        steps.Exchange(Values, change.Values);
        steps.Exchange(Gradients, change.Gradients);
        steps.Add(() => Roster = roster, () => Roster = former);
        foreach (var follower in _followers)
            follower.Follow(change, steps);
        return change;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    // Each new triplet is drawn separately, so that its values do not depend on what else is added, or when.
    private Tensor Begin(Tensor values, TripletRoster roster, int[] origins)
    {
        foreach (var slot in roster.Layout.Slots)
        {
            for (var i = 0; i < slot.Rank; i++)
            {
                if (origins[slot.First + i] < 0)
                    Draw(slot.Name, $"{slot.Name}#{roster.Numbers[slot.First + i]}", values.Right(slot).narrow(0, i, 1), values.Left(slot).narrow(1, i, 1), values.Lambda(slot).narrow(0, i, 1));
            }
        }

        return values;
    }

    private void Draw(string matrix, string name, Tensor right, Tensor left, Tensor lambda)
    {
        if (_initialization is not { } initialization)
            return;
        using var generator = initialization.Seed is { } seed ? new Generator(SeedFor(seed, name), CPU) : null;
        initialization.DrawOf(matrix).Fill(right, left, lambda, generator);
    }

    // FNV-1a over the name, mixed with the seed: stable across platforms and runs, unlike string.GetHashCode.
    private static ulong SeedFor(long seed, string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in name)
            hash = (hash ^ c) * 1099511628211UL;
        return hash ^ ((ulong)seed * 0x9E3779B97F4A7C15UL);
    }
}
