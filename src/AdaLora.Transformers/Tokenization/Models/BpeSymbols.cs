namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>The symbols of a word while neighbours are joined: a linked list in arrays.</summary>
internal sealed class BpeSymbols(int capacity)
{
    private readonly List<Symbol> _symbols = new(capacity);

    public int Count => _symbols.Count;

    public void Add(int id, int start, int end) => _symbols.Add(new Symbol(id, start, end, _symbols.Count - 1, _symbols.Count + 1));

    public int IdOf(int index) => _symbols[index].Id;

    /// <summary>The symbol after one, or -1 if there is none, or if it is no longer there itself.</summary>
    public int NextOf(int index) => _symbols[index].Next < _symbols.Count ? _symbols[index].Next : -1;

    public int PreviousOf(int index) => _symbols[index].Previous;

    /// <summary>Joins a symbol with the one after it.</summary>
    public void Join(int index, int id)
    {
        var left = _symbols[index];
        var right = _symbols[left.Next];
        _symbols[left.Next] = right with { Next = int.MaxValue };
        _symbols[index] = new Symbol(id, left.Start, right.End, left.Previous, right.Next);
        if (right.Next < _symbols.Count)
            _symbols[right.Next] = _symbols[right.Next] with { Previous = index };
    }

    public void CopyTo(SpellingBuilder spelling)
    {
        for (var i = 0; i < _symbols.Count; i = _symbols[i].Next)
            spelling.Add(_symbols[i].Id, _symbols[i].Start, _symbols[i].End);
    }

    private readonly record struct Symbol(int Id, int Start, int End, int Previous, int Next);
}
