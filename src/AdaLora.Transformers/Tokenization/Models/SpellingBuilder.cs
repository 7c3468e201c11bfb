namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>Collects the tokens of a word.</summary>
internal sealed class SpellingBuilder
{
    private readonly List<int> _ids = [];
    private readonly List<int> _starts = [];
    private readonly List<int> _ends = [];

    public void Add(int id, int start, int end)
    {
        _ids.Add(id);
        _starts.Add(start);
        _ends.Add(end);
    }

    /// <summary>Puts the tokens into the opposite order.</summary>
    public void Reverse()
    {
        _ids.Reverse();
        _starts.Reverse();
        _ends.Reverse();
    }

    public void Clear()
    {
        _ids.Clear();
        _starts.Clear();
        _ends.Clear();
    }

    public Spelling Build() => new([.. _ids], [.. _starts], [.. _ends]);
}
