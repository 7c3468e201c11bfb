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

    /// <summary>Reads the specification out of a model.</summary>
    /// <param name="model">The bytes of the model file, a protocol buffer.</param>
    /// <exception cref="InvalidDataException">It is no model.</exception>
    public static SentencePieceNormalization Read(byte[] model)
    {
        const int SpecificationField = 3;
        try
        {
            var input = new CodedInputStream(model);
            var normalization = new SentencePieceNormalization();
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
            throw new InvalidDataException($"is no SentencePiece model: {exception.Message}", exception);
        }
    }

    /// <summary>The text as the model's pieces spell it; empty if nothing is left.</summary>
    public string Apply(ReadOnlySpan<char> text)
    {
        var normalized = _table.Apply(text);
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
                    _table = new CharsMap(input.ReadBytes().Span);
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
