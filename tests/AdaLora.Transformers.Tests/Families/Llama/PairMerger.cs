using System.Text;

namespace AdaLora.Transformers.Tests.Families.Llama;

/// <summary>The pieces of a text by merging pairs in the order of tokenizer.json, with bytes for characters that are no piece: slow, and enough for the texts of a test.</summary>
internal sealed class PairMerger
{
    private readonly Dictionary<string, long> _ids;
    private readonly Dictionary<(string, string), int> _ranks = [];

    public PairMerger(string path)
    {
        var model = EncoderGolden.Read(path).GetProperty("model");
        _ids = model.GetProperty("vocab").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt64(), StringComparer.Ordinal);
        foreach (var merge in model.GetProperty("merges").EnumerateArray())
        {
            var pair = merge.ValueKind == System.Text.Json.JsonValueKind.Array ? [merge[0].GetString()!, merge[1].GetString()!] : merge.GetString()!.Split(' ');
            _ranks.TryAdd((pair[0], pair[1]), _ranks.Count);
        }
    }

    public long[] Encode(string text)
    {
        var pieces = ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(rune => rune.ToString())
            .SelectMany(character => _ids.ContainsKey(character) ? [character] : Encoding.UTF8.GetBytes(character).Select(b => $"<0x{b:X2}>")).ToList();
        while (true)
        {
            var (place, rank) = (-1, int.MaxValue);
            for (var i = 0; i + 1 < pieces.Count; i++)
            {
                if (_ranks.TryGetValue((pieces[i], pieces[i + 1]), out var found) && found < rank)
                    (place, rank) = (i, found);
            }

            if (place < 0)
                return [_ids["<s>"], .. pieces.Select(piece => _ids[piece])];
            pieces[place] += pieces[place + 1];
            pieces.RemoveAt(place + 1);
        }
    }
}
