using AdaLora.Internals;
using AdaLora.Training;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Texts;

/// <summary>
/// Texts as the rows of a batch, each in a row of its own or several in one row. Holds plain arrays, so that batches can be prepared on any thread; tensors are made where they are used.
/// </summary>
public sealed class TrainingRows
{
    private readonly long[] _ids;
    private readonly long[] _texts;
    private readonly long[] _labels;

    private TrainingRows(IReadOnlyList<IReadOnlyList<TrainingText>> rows, int padId, int multipleOf)
    {
        Rows = rows.Count;
        var longest = rows.Max(row => row.Sum(text => (long)text.Length));
        var length = (longest + multipleOf - 1) / multipleOf * multipleOf;
        var size = Rows * length;
        if (size > Array.MaxLength)
            throw new ArgumentException($"{Rows} rows of {length} tokens are more than an array can hold.", nameof(rows));
        Length = (int)length;
        (_ids, _texts, _labels) = (new long[size], new long[size], new long[size]);
        Array.Fill(_ids, padId);
        Array.Fill(_labels, CausalLM.IgnoredLabel);
        for (var row = 0; row < rows.Count; row++)
        {
            var at = row * Length;
            for (var number = 0; number < rows[row].Count; number++)
            {
                var text = rows[row][number];
                for (var token = 0; token < text.Length; token++, at++)
                {
                    (_ids[at], _texts[at]) = (text.Ids[token], number + 1);
                    if (text.Counts(token))
                        _labels[at] = text.Ids[token];
                }
            }
        }

        Tokens = rows.Sum(row => row.Sum(text => (long)text.Length));
        CountedTokens = rows.Sum(row => row.Sum(text => (long)text.CountedTokens));
    }

    /// <summary>The number of rows.</summary>
    public int Rows { get; }

    /// <summary>The length of a row in tokens, with padding.</summary>
    public int Length { get; }

    /// <summary>Tokens without padding.</summary>
    public long Tokens { get; }

    /// <summary>Tokens that count in the loss.</summary>
    public long CountedTokens { get; }

    /// <summary>Each text in a row of its own, padded on the right.</summary>
    /// <param name="texts">The texts, at least one.</param>
    /// <param name="padId">The id of padding; which one it is makes no difference.</param>
    /// <param name="multipleOf">The length of the rows is rounded up to a multiple of this, at least 1.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">There are no texts, or together they are more than an array can hold.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is below its minimum.</exception>
    public static TrainingRows Padded(IReadOnlyList<TrainingText> texts, int padId = 0, int multipleOf = 1) => Of([.. Required(texts).Select(text => (TrainingText[])[text])], padId, multipleOf);

    /// <summary>
    /// As many texts in a row as fit into it, one after the other. They do not see each other, and the positions of each begin anew: loss and gradients are those of separate rows.
    /// </summary>
    /// <param name="texts">The texts, at least one.</param>
    /// <param name="length">The greatest length of a row in tokens, at least that of the longest text.</param>
    /// <param name="padId">The id of padding; which one it is makes no difference.</param>
    /// <param name="multipleOf">The length of the rows is rounded up to a multiple of this, at least 1.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">There are no texts, one is longer than a row, or together they are more than an array can hold.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is below its minimum.</exception>
    public static TrainingRows Packed(IReadOnlyList<TrainingText> texts, int length, int padId = 0, int multipleOf = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var places = TextPacking.Pack([.. Required(texts).Select(text => text.Length)], length);
        return Of([.. places.Select(row => row.Select(text => texts[text]).ToArray())], padId, multipleOf);
    }

    /// <summary>Creates the three int64 tensors, rows x length, that a language model takes. They belong to the caller's dispose scope, or to the caller if there is none.</summary>
    /// <param name="device">Where to put them; the CPU if null.</param>
    /// <returns>The token ids, the number of each token's text within its row, or 0 for padding, as an attention mask, and the labels.</returns>
    public (Tensor InputIds, Tensor AttentionMask, Tensor Labels) ToTensors(Device? device = null) => (ToTensor(_ids, device), ToTensor(_texts, device), ToTensor(_labels, device));

    /// <summary>The loss of a model on these rows, for <see cref="Trainer"/>: its sum over the tokens that count, and their number.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="model"/> is null.</exception>
    /// <exception cref="ArgumentException">The model has no such token id, or fewer positions than a row has tokens.</exception>
    public LossSum LossOf(CausalLM model)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.CheckRange(_ids, [], nameof(model));
        using var scope = NewDisposeScope();
        var (ids, texts, labels) = ToTensors(model.parameters().First().device);
        // Without padding and packing, attention needs no mask.
        var loss = model.LossSum(ids, Array.TrueForAll(_texts, text => text == 1) ? null : texts, labels);
        loss.Sum.MoveToOuterDisposeScope();
        loss.Count.MoveToOuterDisposeScope();
        return loss;
    }

    private static TrainingRows Of(IReadOnlyList<IReadOnlyList<TrainingText>> rows, int padId, int multipleOf)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(padId);
        ArgumentOutOfRangeException.ThrowIfLessThan(multipleOf, 1);
        return new TrainingRows(rows, padId, multipleOf);
    }

    private static IReadOnlyList<TrainingText> Required(IReadOnlyList<TrainingText> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new ArgumentException("A batch needs at least one text.", nameof(texts));
        return texts.All(text => text is not null) ? texts : throw new ArgumentNullException(nameof(texts), "One of the texts is null.");
    }

    private Tensor ToTensor(long[] values, Device? device) => PinnedCopy.To(tensor(values, [Rows, Length], int64, device: CPU), device ?? CPU);
}
