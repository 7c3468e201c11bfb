using System.Globalization;
using AdaLora.Adapters;
using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>
/// What P, lambda and Q are at the start. Lambda is 0, or with <see cref="Lora"/> one of P and Q, so that no choice changes what the model computes, and none changes its weights.
/// </summary>
public sealed class TripletInitialization
{
    // How matrices are drawn, unless there is something better to start from, and triplets that are added later.
    private readonly TripletDraw _draw;
    private readonly TripletDraw _drawOfTables;
    private readonly IStartingPoint? _start;

    private TripletInitialization(string name, TripletDraw draw, IStartingPoint? start = null, TripletDraw? drawOfTables = null) =>
        (Name, _draw, _start, _drawOfTables) = (name, draw, start, drawOfTables ?? draw);

    /// <summary>N(0, 0.02²), as in the published code. The default.</summary>
    public static TripletInitialization Published { get; } = new("published", TripletDraw.Normal(0.02));

    /// <summary>
    /// Columns of P and rows of Q that are orthonormal, as the regulariser wants them: the QR decomposition of a normal draw. If the rank exceeds a size, there are several sets of such vectors.
    /// </summary>
    public static TripletInitialization Orthonormal { get; } = new("orthonormal", TripletDraw.Orthonormal);

    /// <summary>N(0, 1 / out) for P and N(0, 1 / in) for Q: columns and rows have norms of about 1, whatever the sizes of the matrix.</summary>
    public static TripletInitialization ScaledBySize { get; } = new("scaled by size", TripletDraw.ScaledBySize);

    /// <summary>
    /// As LoRA starts: P is 0 as its B, Q is uniform between ± 1 / sqrt(in) as its A, and lambda is 1; for tables of embeddings, Q is 0 and P N(0, 1). The adapters then learn as fast as LoRA's
    /// with the same learning rate and scale, whereas a lambda that starts at 0 needs a learning rate of its own (<see cref="LearningRateFactors"/>).
    /// </summary>
    public static TripletInitialization Lora { get; } = new("as LoRA", TripletDraw.Lora, drawOfTables: TripletDraw.LoraOfTables);

    /// <summary>
    /// The principal directions of each weight: its first left singular vectors are P and its right ones Q. In contrast to PiSSA (Meng et al., NeurIPS 2024), the weight stays as it is and
    /// lambda is 0. What exceeds the sizes of a matrix is drawn as with <see cref="Orthonormal"/>.
    /// </summary>
    public static TripletInitialization FromWeight { get; } = new("from the weight", TripletDraw.Orthonormal, new WeightDirections());

    /// <summary>The name in reports.</summary>
    public string Name { get; }

    /// <summary>N(0, <paramref name="standardDeviation"/>²).</summary>
    /// <param name="standardDeviation">Of the entries of P and Q, finite and positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static TripletInitialization Normal(double standardDeviation) => double.IsFinite(standardDeviation) && standardDeviation > 0
        ? new(string.Create(CultureInfo.InvariantCulture, $"normal, {standardDeviation:R}"), TripletDraw.Normal(standardDeviation))
        : throw new ArgumentOutOfRangeException(nameof(standardDeviation), standardDeviation, "The standard deviation must be finite and positive.");

    /// <summary>
    /// The principal directions of each layer's inputs are Q, and the initial ranks are dealt out anew by the share of the inputs' variance that each direction explains, over all layers
    /// together, as in EVA (Paischer et al., 2024); their sum stays that of the options. P is drawn as with <see cref="Orthonormal"/>. Layers that read the same tensor share one decomposition.
    /// </summary>
    /// <remarks>
    /// <see cref="AdaLoraModel.Attach"/> enumerates the batches once, before it changes the model, in evaluation mode and without gradients. Layers must be called through <c>call</c>, as modules of
    /// TorchSharp and of AdaLora.Transformers are. A matrix whose directions explain little may get no triplet at all. The scales of adapters stay those of the options' ranks.
    /// What cannot be watched keeps its rank and is drawn as with <see cref="Orthonormal"/>: embeddings, convolutions over three dimensions, and weights that belong to no layer of their own, such as
    /// those of MultiheadAttention.
    /// </remarks>
    /// <param name="batches">A few batches of training inputs, such as 4 of 32 texts.</param>
    /// <param name="forward">Runs the model on one of them; what it returns does not matter.</param>
    /// <param name="maxRankFactor">The highest rank of a matrix as a multiple of its initial rank in the options, at least 1; 1 leaves the ranks as they are.</param>
    /// <exception cref="ArgumentNullException">There are no batches, or nothing runs them.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxRankFactor"/> is below 1 or not finite.</exception>
    public static TripletInitialization FromData<TBatch>(IEnumerable<TBatch> batches, Action<TBatch> forward, double maxRankFactor = 2)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(forward);
        if (!double.IsFinite(maxRankFactor) || maxRankFactor < 1)
            throw new ArgumentOutOfRangeException(nameof(maxRankFactor), maxRankFactor, "The factor must be finite and at least 1.");
        return new("from the data", TripletDraw.Orthonormal, new DataDirections(batches.Select(batch => (Action)(() => forward(batch))), maxRankFactor));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>How the triplets of a layer are drawn, as far as <see cref="Prepare"/> finds nothing, and those that are added later.</summary>
    internal TripletDraw DrawFor(AdaptableLayer layer) => layer.IsTable ? _drawOfTables : _draw;

    /// <summary>What some matrices start from instead of a draw. Its tensors belong to the caller's dispose scope.</summary>
    /// <param name="model">The model, which is not changed.</param>
    /// <param name="layers">The layers to adapt.</param>
    internal StartingTriplets Prepare(nn.Module model, IReadOnlyList<StartingLayer> layers) => _start?.Find(model, layers) ?? StartingTriplets.None;
}
