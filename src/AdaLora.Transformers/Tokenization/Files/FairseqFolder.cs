using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>
/// Reads XLM-RoBERTa's tokenizer from sentencepiece.bpe.model (a unigram model despite its name), where there is no tokenizer.json. Its vocabulary comes from another library, fairseq: the four
/// special tokens have the ids 0 to 3, the pieces of the model are one further than in the file, and the mask is last.
/// </summary>
internal static class FairseqFolder
{
    public const string ModelFile = "sentencepiece.bpe.model";

    private const int SpecialIds = 4;

    public static TokenizerParts Read(TokenizerFolder folder, string source)
    {
        folder.RequireClass("XLMRobertaTokenizer");
        folder.RefuseIfSet("sp_model_kwargs");
        var file = SentencePieceModelFile.Read(source);
        var names = SpecialTokenNames.Roberta.NamedBy(folder);
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal) { [names.Start!] = 0, [names.Pad!] = 1, [names.Separator!] = 2, [names.Unknown!] = 3 };
        foreach (var (piece, id) in file.Pieces)
        {
            if (id >= SpecialIds - 1)
                _ = tokens.TryAdd(piece, id + 1);
        }

        var added = AddedTokenReader.Read(folder, tokens, names.Tokens).ToList();
        if (added.TrueForAll(token => token.Content != names.Mask))
            added.Add(new AddedToken(names.Mask!, file.Pieces.Count + 1, TakesSpaceBefore: true));
        var vocabulary = new Vocabulary(tokens, added);
        return SentencePieceFolder.Parts(folder, file, vocabulary, id => id == file.UnknownId ? 3 : id + 1) with
        {
            Template = folder.Template(vocabulary, () => SequenceTemplate.Roberta(vocabulary.Require(names.Start!), vocabulary.Require(names.Separator!))),
            PadId = vocabulary.Require(names.Pad!),
            UnknownId = 3,
            MaskId = vocabulary.IdOf(names.Mask!),
        };
    }
}
