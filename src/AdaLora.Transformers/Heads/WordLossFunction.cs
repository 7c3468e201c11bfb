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
    private const int Rows = 0, Labels = 1, Weight = 2, Failure = 3, Arguments = 4;

    public override string Name => nameof(WordLossFunction);

    /// <param name="rows">Hidden states, rows x hidden size.</param>
    /// <param name="labels">The right word of each row.</param>
    /// <param name="weight">Words x hidden size, in the element type of the rows.</param>
    /// <returns>A scalar, in single precision at least.</returns>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor rows, Tensor labels, Tensor weight)
    {
        var needsGraph = is_grad_enabled() && (rows.requires_grad || weight.requires_grad);
        if (!needsGraph)
            return new Sums(rows, labels, weight, needsRows: false, needsWeight: false).Loss;
        BackwardFailure.OfThread.ThrowIfAny();
        // What the node keeps must not be freed before the call is over.
        using var scope = NewDisposeScope();
        return apply(rows, labels, weight, BackwardFailure.OfThread).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (rows, weight) = ((Tensor)vars[Rows], (Tensor)vars[Weight]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        var sums = new Sums(rows, (Tensor)vars[Labels], weight, rows.requires_grad, weight.requires_grad);
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
        public Sums(Tensor rows, Tensor labels, Tensor weight, bool needsRows, bool needsWeight)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            (rows, weight) = (rows.detach(), weight.detach());
            var wide = rows.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
            Loss = zeros([], wide, rows.device).MoveToOuterDisposeScope();
            RowGradient = needsRows ? empty_like(rows).MoveToOuterDisposeScope() : null;
            WeightGradient = needsWeight ? zeros(weight.shape, weight.dtype, weight.device).MoveToOuterDisposeScope() : null;
            foreach (var (first, count) in Slices.Of(rows.shape[0], weight.shape[0]))
            {
                using var ofSlice = NewDisposeScope();
                Add(rows.narrow(0, first, count), labels.narrow(0, first, count).unsqueeze(1), weight, RowGradient?.narrow(0, first, count));
            }
        }

        public Tensor Loss { get; }

        public Tensor? RowGradient { get; }

        public Tensor? WeightGradient { get; }

        private void Add(Tensor rows, Tensor labels, Tensor weight, Tensor? rowGradient)
        {
            var scores = Losses.Widen(RowProducts.Linear(rows, weight, null));
            var logarithms = scores.log_softmax(-1);
            _ = Loss.sub_(logarithms.gather(1, labels).sum());
            if (rowGradient is null && WeightGradient is null)
                return;
            // The probabilities, less 1 for the right word.
            var gradient = logarithms.exp_();
            gradient.scatter_add_(1, labels, empty(labels.shape, gradient.dtype, gradient.device).FillInPlace(-1.0));
            var narrow = gradient.to(weight.dtype);
            if (rowGradient is not null)
                rowGradient.copy_(RowProducts.Multiply(narrow, weight));
            if (WeightGradient is not null)
                WeightGradient.AddInPlace(narrow.t().mm(rows));
        }
    }
}
