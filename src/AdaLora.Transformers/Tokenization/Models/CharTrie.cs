namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>Texts with a number each, for finding those that a text begins with. The edges of all nodes are in one hash table.</summary>
internal sealed class CharTrie
{
    /// <summary>The node of the empty text.</summary>
    public const int Root = 0;

    private readonly List<int> _values = [-1];
    private long[] _keys = new long[1 << 10];
    private int[] _children = new int[1 << 10];
    private int _edges;

    /// <summary>Adds a text; if it is there already, its number changes.</summary>
    public void Add(ReadOnlySpan<char> text, int value)
    {
        var node = Root;
        foreach (var unit in text)
            node = Child(node, unit) is > 0 and var child ? child : AddChild(node, unit);
        _values[node] = value;
    }

    /// <summary>The node of a longer text, or 0 if no text begins like that.</summary>
    public int Child(int node, char unit)
    {
        var key = KeyOf(node, unit);
        for (var slot = SlotOf(key); _children[slot] != 0; slot = (slot + 1) & (_keys.Length - 1))
        {
            if (_keys[slot] == key)
                return _children[slot];
        }

        return 0;
    }

    /// <summary>The number of the text that ends at a node, or -1 if none does.</summary>
    public int ValueAt(int node) => _values[node];

    private int AddChild(int node, char unit)
    {
        if (2 * ++_edges > _keys.Length)
            Grow();
        var child = _values.Count;
        _values.Add(-1);
        Put(KeyOf(node, unit), child);
        return child;
    }

    private void Put(long key, int child)
    {
        var slot = SlotOf(key);
        while (_children[slot] != 0)
            slot = (slot + 1) & (_keys.Length - 1);
        (_keys[slot], _children[slot]) = (key, child);
    }

    private void Grow()
    {
        var (keys, children) = (_keys, _children);
        _keys = new long[2 * keys.Length];
        _children = new int[2 * keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            if (children[i] != 0)
                Put(keys[i], children[i]);
        }
    }

    private static long KeyOf(int node, char unit) => ((long)node << 16) | unit;

    // Fibonacci hashing: the upper bits of the product are the well mixed ones.
    private int SlotOf(long key) => (int)((ulong)(key * unchecked((long)0x9E3779B97F4A7C15)) >> 32) & (_keys.Length - 1);
}
