using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Squad.Tasks;

/// <summary>Some windows as plain arrays, and what a model computes of them.</summary>
internal sealed class QuestionBatch(TokenBatch tokens, IReadOnlyList<QuestionWindow> windows)
{
    public IReadOnlyList<QuestionWindow> Windows => windows;

    public BatchSize Size => new(windows.Count, tokens.AttentionMask.Sum());

    /// <summary>The logits of first and last tokens, batch x length x 2.</summary>
    public Tensor Logits(QuestionAnswerer model)
    {
        using var scope = NewDisposeScope();
        var (ids, mask, types) = tokens.ToTensorsFor(model);
        return model.call(ids, mask, types).MoveToOuterDisposeScope();
    }

    /// <summary>The mean loss of logits that <see cref="Logits"/> gave.</summary>
    public Tensor Loss(QuestionAnswerer model, Tensor logits)
    {
        using var scope = NewDisposeScope();
        var starts = tensor(windows.Select((window, row) => (long)(FirstOf(row) + window.Start)).ToArray(), device: logits.device);
        var ends = tensor(windows.Select((window, row) => (long)(FirstOf(row) + window.End)).ToArray(), device: logits.device);
        return model.Loss(logits, starts, ends).MoveToOuterDisposeScope();
    }

    public Tensor Loss(QuestionAnswerer model)
    {
        using var scope = NewDisposeScope();
        return Loss(model, Logits(model)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean loss, then for each window the logits of its tokens as the answer's first, and as its last.</summary>
    public double[] Scores(QuestionAnswerer model)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(model);
        var values = logits.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
        var scores = new List<double> { Loss(model, logits).item<float>() };
        for (var row = 0; row < windows.Count; row++)
        {
            var first = (row * tokens.Length) + FirstOf(row);
            foreach (var column in (int[])[0, 1])
                scores.AddRange(Enumerable.Range(first, windows[row].Tokens.Length).Select(token => values[(2 * token) + column]));
        }

        return [.. scores];
    }

    // Some tokenizers pad in front.
    private int FirstOf(int row) => Enumerable.Range(0, tokens.Length).First(place => tokens.AttentionMask[(row * tokens.Length) + place] == 1);
}
