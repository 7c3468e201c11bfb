using AdaLora.Adapters;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>
/// The sum of cross-entropies over a vocabulary whose scores are products with one matrix, a slice of the rows at a time. The gradients are computed along with the loss, while the scores of a
/// slice are there, so that these are neither kept nor computed twice.
/// </summary>
internal sealed class WordLossFunction : autograd.SingleTensorFunction<WordLossFunction>
{
    private const string PartsKey = "parts";
    private const int Rows = 0, Labels = 1, Weight = 2, Matrix = 3, Smoothing = 4, Failure = 5, Arguments = 6;

    public override string Name => nameof(WordLossFunction);

    /// <param name="rows">Hidden states, rows x hidden size.</param>
    /// <param name="labels">The right word of each row.</param>
    /// <param name="matrix">How words are scored; in the element type of the rows.</param>
    /// <param name="smoothing">The part of the probability that is spread over all words.</param>
    /// <returns>A scalar, in single precision at least.</returns>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor rows, Tensor labels, WordMatrix matrix, double smoothing = 0)
    {
        var weight = matrix.Weight;
        var needsGraph = is_grad_enabled() && (rows.requires_grad || weight.requires_grad);
        if (!needsGraph)
            return new Sums(rows, labels, matrix, smoothing, needsRows: false, needsWeight: false).Loss;
        BackwardFailure.OfThread.ThrowIfAny();
        // What the node keeps must not be freed before the call is over.
        using var scope = NewDisposeScope();
        return apply(rows, labels, weight, matrix, smoothing, BackwardFailure.OfThread).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (rows, weight) = ((Tensor)vars[Rows], (Tensor)vars[Weight]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        var sums = new Sums(rows, (Tensor)vars[Labels], (WordMatrix)vars[Matrix], (double)vars[Smoothing], rows.requires_grad, weight.requires_grad);
        ctx.save_data(PartsKey, (sums.RowGradient is not null, sums.WeightGradient is not null));
        ctx.save_for_backward([.. new[] { sums.RowGradient, sums.WeightGradient }.OfType<Tensor>()]);
        return sums.Loss;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, needs) =>
    {
        var saved = new Queue<Tensor>(ctx.get_saved_variables());
        var (hasRows, hasWeight) = ((bool, bool))ctx.get_data(PartsKey);
        var results = new Tensor?[Arguments];
        if (hasRows)
            results[Rows] = saved.Dequeue().mul(gradient);
        if (hasWeight)
            results[Weight] = saved.Dequeue().mul(gradient);
        return results;
    });

    /// <summary>The loss and what its gradients are, apart from the factor that comes from behind it.</summary>
    private sealed class Sums
    {
        private readonly double _scale;
        private readonly double _smoothing;

        public Sums(Tensor rows, Tensor labels, WordMatrix matrix, double smoothing, bool needsRows, bool needsWeight)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            (_scale, _smoothing) = (matrix.Scale, smoothing);
            var weight = matrix.Weight.detach();
            rows = _scale == 1 ? rows.detach() : rows.detach().Mul(_scale);
            var wide = rows.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
            Loss = zeros([], wide, rows.device).MoveToOuterDisposeScope();
            RowGradient = needsRows ? empty_like(rows).MoveToOuterDisposeScope() : null;
            WeightGradient = needsWeight ? zeros(weight.shape, weight.dtype, weight.device).MoveToOuterDisposeScope() : null;
            foreach (var (first, count) in Slices.Of(rows.shape[0], weight.shape[0]))
            {
                using var ofSlice = NewDisposeScope();
                Add(rows.narrow(0, first, count), labels.narrow(0, first, count).unsqueeze(1), weight, matrix.Bias, RowGradient?.narrow(0, first, count));
            }
        }

        public Tensor Loss { get; }

        public Tensor? RowGradient { get; }

        public Tensor? WeightGradient { get; }

        private void Add(Tensor rows, Tensor labels, Tensor weight, Tensor? bias, Tensor? rowGradient)
        {
            var scores = Losses.Widen(RowProducts.Linear(rows, weight, bias));
            var logarithms = scores.log_softmax(-1);
            var (certain, everywhere) = (1 - _smoothing, _smoothing / weight.shape[0]);
            var likelihood = logarithms.gather(1, labels).sum();
            _ = Loss.sub_(_smoothing == 0 ? likelihood : likelihood.Mul(certain).Add(logarithms.sum().Mul(everywhere)));
            if (rowGradient is null && WeightGradient is null)
                return;
            // The probabilities, less what they should be: 1 for the right word.
            var gradient = logarithms.exp_();
            if (_smoothing != 0)
                gradient.AddInPlace(-everywhere);
            gradient.scatter_add_(1, labels, empty(labels.shape, gradient.dtype, gradient.device).FillInPlace(-certain));
            var narrow = gradient.to(weight.dtype);
            if (rowGradient is not null)
                rowGradient.copy_(Scaled(RowProducts.Multiply(narrow, weight)));
            if (WeightGradient is not null)
                WeightGradient.AddInPlace(narrow.t().mm(rows));
        }

        private Tensor Scaled(Tensor gradient) => _scale == 1 ? gradient : gradient.Mul(_scale);
    }
}
