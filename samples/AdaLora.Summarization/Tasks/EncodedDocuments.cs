using AdaLora.Summarization.Data;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Summarization.Tasks;

/// <summary>Documents as token ids.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="documents">The documents.</param>
/// <param name="texts">Their texts.</param>
/// <param name="summaries">Their summaries.</param>
internal sealed class EncodedDocuments(TextTokenizer? tokenizer, IReadOnlyList<Document> documents, IReadOnlyList<TokenizedText> texts, IReadOnlyList<IReadOnlyList<int>> summaries)
{
    public static EncodedDocuments None { get; } = new(null, [], [], []);

    public IReadOnlyList<Document> Documents => documents;

    public int Count => documents.Count;

    /// <summary>Tokens of a text and its summary.</summary>
    public int LengthOf(int row) => texts[row].Ids.Count + summaries[row].Count;

    /// <summary>Tokens of a text.</summary>
    public int TextLengthOf(int row) => texts[row].Ids.Count;

    /// <summary>Some of the documents.</summary>
    public EncodedDocuments Of(IReadOnlyList<int> rows) =>
        new(tokenizer, [.. rows.Select(row => documents[row])], [.. rows.Select(row => texts[row])], [.. rows.Select(row => summaries[row])]);

    /// <summary>A batch of these rows.</summary>
    public DocumentBatch Batch(IReadOnlyList<int> rows) =>
        new(tokenizer!.Pad([.. rows.Select(row => texts[row])]), [.. rows.Select(row => texts[row].Ids)], [.. rows.Select(row => summaries[row])]);
}
