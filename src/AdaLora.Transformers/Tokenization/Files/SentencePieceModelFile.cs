using System.Text;
using AdaLora.Internals;
using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.PreTokenizers;
using Google.Protobuf;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>A model file of the SentencePiece library, a protocol buffer: the pieces, and what is done to a text before it is cut into them.</summary>
internal sealed class SentencePieceModelFile
{
    private readonly List<Entry> _entries = [];
    private ReadOnlyMemory<byte> _table;
    private bool _addsPrefix = true;
    private bool _joinsSpaces = true;
    private bool _escapesSpaces = true;
    private int _modelType = 1;
    private bool _spellsBytes;
    private bool _hasSuffixSpaces;

    private enum PieceType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>The ids of all pieces, as the file has them.</summary>
    public Dictionary<string, int> Pieces { get; } = new(StringComparer.Ordinal);

    /// <summary>The piece of what is unknown.</summary>
    public int UnknownId => _entries.FindIndex(entry => entry.Type == PieceType.Unknown);

    /// <summary>The table of normalisations as the file has it.</summary>
    public ReadOnlyMemory<byte> TableBytes => _table;

    /// <summary>What the table of normalisations does.</summary>
    public SentencePieceTable Table => new(new CharsMap(_table.Span));

    /// <exception cref="InvalidDataException">It is not a model, or one that requires something which is not supported.</exception>
    public static SentencePieceModelFile Read(string path)
    {
        var file = new SentencePieceModelFile();
        try
        {
            file.ReadModel(new CodedInputStream(RegularFile.ReadAllBytes(path)));
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or DecoderFallbackException or InvalidOperationException)
        {
            throw new InvalidDataException($"is not a SentencePiece model: {exception.Message}", exception);
        }

        file.Validate();
        return file;
    }

    /// <summary>What is done to the spaces of a text. It can be cut at them if no piece has one but at its beginning.</summary>
    public SentencePieceSpaces Spaces => new(
        _addsPrefix, _joinsSpaces, _escapesSpaces, split: _entries.TrueForAll(entry => !IsSpelled(entry) || entry.Text.LastIndexOf(SentencePieceSpaces.Blank) <= 0));

    /// <summary>The model, whose pieces have other ids than in the file if <paramref name="idOf"/> says so.</summary>
    public UnigramModel Model(Func<int, int> idOf)
    {
        var normal = _entries.FindAll(entry => entry.Type == PieceType.Normal);
        var (lowest, highest) = normal.Count == 0 ? (0, 0) : (normal.Min(entry => entry.Score), normal.Max(entry => entry.Score));
        var pieces = new List<(int, UnigramPiece)>();
        for (var id = 0; id < _entries.Count; id++)
        {
            // What a user has defined is more likely than any other way to cut the text there.
            var entry = _entries[id];
            if (IsSpelled(entry))
                pieces.Add((idOf(id), new UnigramPiece(entry.Text, entry.Type == PieceType.UserDefined ? (Encoding.UTF8.GetByteCount(entry.Text) * highest) - 0.1 : entry.Score)));
        }

        int[]? bytes = _spellsBytes ? [.. Enumerable.Range(0, 256).Select(value => Pieces.TryGetValue($"<0x{value:X2}>", out var id) ? idOf(id) : -1)] : null;
        return new UnigramModel(pieces, idOf(UnknownId), lowest, bytes);
    }

    private static bool IsSpelled(Entry entry) => entry.Type is PieceType.Normal or PieceType.UserDefined && entry.Text.Length > 0;

    private void Validate()
    {
        if (_modelType != 1)
            throw new InvalidDataException($"is a SentencePiece model of type {_modelType switch { 2 => "BPE", 3 => "word", 4 => "char", _ => $"{_modelType}" }}; only unigram is supported.");
        if (_hasSuffixSpaces)
            throw new InvalidDataException("sets treat_whitespace_as_suffix, which is not supported.");
        if (UnknownId < 0)
            throw new InvalidDataException("is a SentencePiece model without a piece for what is unknown.");
        // Faults in the table show now and not at the first text.
        _ = Table;
    }

    private void ReadModel(CodedInputStream input)
    {
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    AddPiece(input.ReadBytes().CreateCodedInput());
                    break;
                case 2:
                    ReadTraining(input.ReadBytes().CreateCodedInput());
                    break;
                case 3:
                    ReadNormalization(input.ReadBytes().CreateCodedInput());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private void AddPiece(CodedInputStream input)
    {
        var (text, score, type) = ("", 0f, PieceType.Normal);
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    text = input.ReadString();
                    break;
                case 2:
                    score = input.ReadFloat();
                    break;
                case 3:
                    type = (PieceType)input.ReadEnum();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        if (!float.IsFinite(score))
            throw new InvalidDataException($"has the piece '{text}' with the score {score}.");
        Pieces[text] = _entries.Count;
        _entries.Add(new Entry(text, score, type));
    }

    private void ReadTraining(CodedInputStream input)
    {
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 3:
                    _modelType = input.ReadEnum();
                    break;
                case 24:
                    _hasSuffixSpaces = input.ReadBool();
                    break;
                case 35:
                    _spellsBytes = input.ReadBool();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private void ReadNormalization(CodedInputStream input)
    {
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 2:
                    _table = input.ReadBytes().Memory;
                    break;
                case 3:
                    _addsPrefix = input.ReadBool();
                    break;
                case 4:
                    _joinsSpaces = input.ReadBool();
                    break;
                case 5:
                    _escapesSpaces = input.ReadBool();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private readonly record struct Entry(string Text, float Score, PieceType Type);
}
