using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.Pipeline;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads a SentencePiece tokenizer in DeBERTa's layout from spm.model, where there is no tokenizer.json: the special tokens are pieces, except the mask, which comes behind them.</summary>
internal static class SentencePieceFolder
{
    public const string ModelFile = "spm.model";

    public static TokenizerParts Read(TokenizerFolder folder, string source)
    {
        folder.RequireClass("DebertaV2Tokenizer");
        folder.RefuseIfSet("split_by_punct", "sp_model_kwargs");
        var file = SentencePieceModelFile.Read(source);
        var names = SpecialTokenNames.Bert.NamedBy(folder);
        var vocabulary = new Vocabulary(file.Pieces, AddedTokens(folder, file.Pieces, names));
        return Parts(folder, file, vocabulary, id => id) with
        {
            Template = folder.Template(vocabulary, () => SequenceTemplate.Bert(vocabulary.Require(names.Start!), vocabulary.Require(names.Separator!))),
            PadId = vocabulary.Require(names.Pad!),
            UnknownId = file.UnknownId,
            MaskId = vocabulary.IdOf(names.Mask!),
        };
    }

    /// <summary>What all tokenizers of SentencePiece models have in common.</summary>
    public static TokenizerParts Parts(TokenizerFolder folder, SentencePieceModelFile file, Vocabulary vocabulary, Func<int, int> idOf) => new()
    {
        Normalizers = folder.Flag("do_lower_case") == true ? [new LowercaseNormalizer(), file.Table] : [file.Table],
        PreTokenizers = [file.Spaces],
        Model = file.Model(idOf),
        Vocabulary = vocabulary,
        Template = SequenceTemplate.Bare,
        Decoders = [EachTokenDecoder.Metaspace(SentencePieceSpaces.Blank, dropsFirst: true)],
        CleansUpSpaces = folder.CleansUpSpaces,
        SplitsSpecialTokens = folder.SplitsSpecialTokens,
        PadId = 0,
    };

    // The mask comes right after the pieces of the model unless the files say otherwise.
    private static List<AddedToken> AddedTokens(TokenizerFolder folder, Dictionary<string, int> pieces, SpecialTokenNames names)
    {
        var added = AddedTokenReader.Read(folder, pieces, names.Tokens).ToList();
        if (added.TrueForAll(token => token.Content != names.Mask))
            added.Add(new AddedToken(names.Mask!, pieces.Values.Max() + 1));
        return added;
    }
}
