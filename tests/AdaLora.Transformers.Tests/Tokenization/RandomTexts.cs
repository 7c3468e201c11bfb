using System.Text;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Random texts in many scripts, always the same: words, numbers, signs, all kinds of white space, marks that combine, characters without width, and what looks like special tokens.</summary>
internal sealed class RandomTexts(int seed)
{
    private static readonly string[] Pieces =
    [
        "the", "The", "don't", "I'LL", "we're", "WON'T", "hello", "naïve", "café", "cafe\u0301", "Straße", "İstanbul", "ﬁnal", "Ωμέγα", "ὅς", "привет", "Ёлка", "й",
        "И\u0306", "שלום", "שִׁ", "مرحبا", "عَرَبِيّ",
        "नमस्ते", "क्षत्रिय", "বাংলা", "தமிழ்", "ไทย", "ສະບາຍດີ", "ខ្មែរ", "中文", "漢字仮名", "ひらがな", "カタカナ", "ｶﾞｷﾞ", "한국어", "ᄒ\u1161\u11AB", "한글", "Việt",
        "Vie\u0323\u0302t", "Ａｂｃ", "①②", "½", "Ⅳ", "x²", "१२३", "٣٤",
        "3.14", "1,000,000", "2023", "007", "№", "™", "€", "£5", "😀", "👩‍👩‍👧", "🇩🇪", "👍🏽", "❤️", "𝒳𝓎", "𐐀𐐨", "𠀀", "…", "—", "“q”", "‘s", "'s", "'S", "'ſ", "n't", "!",
        "?!", "...", ",", ";", "(", ")", "[", "]", "{", "}", "<", ">", "|", "_", "a_b", "##",
        " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\u00A0", "\u2003", "\u3000", "\u2028", "\u0085", "\u000B", "\u200B", "\u200D", "\u00AD", "\uFEFF", "\uFFFD",
        "\u0001", "\u007F", "\u0300", "\u0323\u0307", "\u0345", "\u20DD", "▁", "▁a", "Ġ", "<0x0A>",
        "<s>", "</s>", "<pad>", "<unk>", "<mask>", "[MASK]", "[SEP]", "[mask]", "<|endoftext|>", "<|begin_of_text|>", "<extra_id_0>", "<tool_call>", "<lft>", "<both>",
        "copper kettle", "Copper Kettle", "ZX81", "port", "PORTS", "ÉTÉ", "ete",
    ];

    // Ranges without characters that are new to Unicode, of which the libraries know different ones.
    private static readonly (int First, int Last)[] Ranges =
    [
        (0x20, 0x7E), (0xA1, 0x17F), (0x370, 0x377), (0x391, 0x3A1), (0x400, 0x45F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939), (0x93E, 0x94D), (0xE01, 0xE3A),
        (0x1E00, 0x1EFF), (0x2010, 0x2027), (0x20A0, 0x20AC), (0x2190, 0x21FF), (0x2460, 0x24FF),
        (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xF900, 0xFA2D), (0xFF01, 0xFF5E), (0x1D400, 0x1D454),
        (0x1F600, 0x1F64F), (0x20000, 0x200FF),
        (0x300, 0x34E),
    ];

    private readonly Random _random = new(seed);

    public string Next()
    {
        var text = new StringBuilder();
        for (var count = _random.Next(1, 30); count > 0; count--)
        {
            if (_random.Next(3) > 0)
                _ = text.Append(Pieces[_random.Next(Pieces.Length)]);
            else
                AppendCharacters(text);
            if (_random.Next(2) == 0)
                _ = text.Append(' ');
        }

        return text.ToString();
    }

    private void AppendCharacters(StringBuilder text)
    {
        var (first, last) = Ranges[_random.Next(Ranges.Length)];
        for (var count = _random.Next(1, 6); count > 0; count--)
            _ = text.Append(new Rune(_random.Next(first, last + 1)));
    }
}
