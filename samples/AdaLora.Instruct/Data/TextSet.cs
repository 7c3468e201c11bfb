using AdaLora.Experiments.Programs;
using AdaLora.Transformers.Texts;

namespace AdaLora.Instruct.Data;

/// <summary>The rows of a file as tokens. Small files are kept in memory; of others, rows are encoded whenever they are needed.</summary>
internal sealed class TextSet
{
    private const long MostTokensKept = 50_000_000;

    private readonly TextFile _file;
    private readonly RowEncoder _encoder;
    private readonly int _maxLength;
    private readonly int[] _lengths;
    private readonly TrainingText?[]? _kept;

    /// <param name="file">The rows.</param>
    /// <param name="encoder">Encodes them.</param>
    /// <param name="maxLength">Longer texts are cut.</param>
    /// <param name="progress">Receives the number of rows done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="UserInputException">A row is none, or nothing of any row counts; file and line are named.</exception>
    public TextSet(TextFile file, RowEncoder encoder, int maxLength, IProgress<int> progress, CancellationToken cancellation)
    {
        (_file, _encoder, _maxLength) = (file, encoder, maxLength);
        _lengths = new int[file.Count];
        _kept = new TrainingText[file.Count];
        for (var row = 0; row < file.Count; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            var text = Encode(row);
            _lengths[row] = text.Length;
            (Tokens, CountedTokens) = (Tokens + text.Length, CountedTokens + text.CountedTokens);
            WithoutCounted += text.CountedTokens == 0 ? 1 : 0;
            if (Tokens > MostTokensKept)
                _kept = null;
            if (_kept is not null)
                _kept[row] = text;
            if (row % 256 == 255 || row + 1 == file.Count)
                progress.Report(row + 1);
        }

        if (CountedTokens == 0)
        {
            throw new UserInputException(
                $"'{file.Path}': no token counts in the loss: all answers are behind the first {maxLength} tokens, or there are none. Raise --max-length, or set --loss-on everything.");
        }
    }

    public TextFile File => _file;

    public int Count => _lengths.Length;

    public long Tokens { get; }

    public long CountedTokens { get; }

    /// <summary>Rows of which nothing counts.</summary>
    public int WithoutCounted { get; }

    public int LengthOf(int row) => _lengths[row];

    public TrainingText this[int row] => _kept?[row] ?? Encode(row);

    /// <summary>What comes before the last answer of a row, and that answer; null for a text without one.</summary>
    public (IReadOnlyList<int> Prompt, string Answer)? Question(int row) => Explain(row, () => _encoder.Question(_file.Read(row)));

    private TrainingText Encode(int row) => Explain(row, () => _encoder.Encode(_file.Read(row)).Truncated(_maxLength));

    private T Explain<T>(int row, Func<T> encode)
    {
        try
        {
            return encode();
        }
        catch (FormatException e)
        {
            throw _file.Fault(row, e.Message, e);
        }
    }
}
