using static TorchSharp.torch;

namespace AdaLora.Summarization.Data;

/// <summary>Rows of token ids, filled up on the right.</summary>
/// <param name="rows">The rows, at least one.</param>
/// <param name="filling">What shorter rows are filled with.</param>
internal sealed class PaddedRows(IReadOnlyList<IReadOnlyList<int>> rows, long filling)
{
    private readonly int _length = rows.Max(row => row.Count);

    /// <summary>Ids, int64, rows x length.</summary>
    public Tensor Ids(Device device) => Fill((row, place) => place < rows[row].Count ? rows[row][place] : filling, device);

    /// <summary>1 for ids and 0 for what was filled up, int64, rows x length.</summary>
    public Tensor Mask(Device device) => Fill((row, place) => place < rows[row].Count ? 1 : 0, device);

    private Tensor Fill(Func<int, int, long> valueOf, Device device)
    {
        var values = new long[rows.Count * _length];
        for (var i = 0; i < values.Length; i++)
            values[i] = valueOf(i / _length, i % _length);
        using var scope = NewDisposeScope();
        return tensor(values, [rows.Count, _length], device: CPU).to(device).MoveToOuterDisposeScope();
    }
}
