using Google.Protobuf;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// What a SentencePiece model does to a text before it is cut into pieces: the table of normalisations, spaces taken together, one space put in front, and spaces written as U+2581. Done here because
/// Microsoft.ML.Tokenizers leaves characters alone that the table deletes, and full-width ones.
/// </summary>
internal sealed class SentencePieceNormalization
{
    private const char Blank = '\u2581';

    private CharsMap _table = new([]);
    private bool _addsPrefix = true;
    private bool _joinsSpaces = true;
    private bool _escapesSpaces = true;

    /// <summary>The table of normalisations as the model stores it.</summary>
    public ReadOnlyMemory<byte> Table { get; private set; }

    /// <summary>Reads the specification out of a model.</summary>
    /// <param name="model">The bytes of the model file, a protocol buffer.</param>
    /// <param name="lowersLetters">Whether letters are lowered first.</param>
    /// <exception cref="InvalidDataException">It is not a model.</exception>
    public static SentencePieceNormalization Read(byte[] model, bool lowersLetters = false)
    {
        const int SpecificationField = 3;
        try
        {
            var input = new CodedInputStream(model);
            var normalization = new SentencePieceNormalization { LowersLetters = lowersLetters };
            while (input.ReadTag() is not 0 and var tag)
            {
                if (WireFormat.GetTagFieldNumber(tag) == SpecificationField)
                    normalization.ReadSpecification(input.ReadBytes());
                else
                    input.SkipLastField();
            }

            return normalization;
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new InvalidDataException($"is not a SentencePiece model: {exception.Message}", exception);
        }
    }

    /// <summary>Whether letters are lowered before anything else is done.</summary>
    public bool LowersLetters { get; init; }

    /// <summary>What the table makes of the text, with its spaces as they are.</summary>
    public string ApplyTable(ReadOnlySpan<char> text) => _table.Apply(LowersLetters ? LetterCase.Lower(text) : text);

    /// <summary>The text as the model's pieces spell it; empty if nothing is left.</summary>
    public string Apply(ReadOnlySpan<char> text)
    {
        var normalized = ApplyTable(text);
        if (_joinsSpaces)
            normalized = string.Join(' ', normalized.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (normalized.Length == 0)
            return "";
        if (_addsPrefix)
            normalized = " " + normalized;
        return _escapesSpaces ? normalized.Replace(' ', Blank) : normalized;
    }

    private void ReadSpecification(ByteString specification)
    {
        var input = specification.CreateCodedInput();
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 2:
                    Table = input.ReadBytes().Memory;
                    _table = new CharsMap(Table.Span);
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
}
