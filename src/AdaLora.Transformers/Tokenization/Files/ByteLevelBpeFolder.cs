using System.Text;
using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads a byte-level BPE tokenizer from vocab.json and merges.txt, where there is no tokenizer.json: by RoBERTa's rules, or GPT-2's if that class is named.</summary>
internal static class ByteLevelBpeFolder
{
    public const string VocabularyFile = "vocab.json";

    private const string MergesFile = "merges.txt";

    /// <summary>Whether the files of such a tokenizer are there.</summary>
    public static bool HasFiles(TokenizerFolder folder) => folder.Has(VocabularyFile) && folder.Has(MergesFile);

    public static TokenizerParts Read(TokenizerFolder folder, string source)
    {
        folder.RequireClass("RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "GPT2Tokenizer");
        var isGpt2 = folder.HasClass("GPT2Tokenizer");
        var tokens = ModelReader.ReadVocabulary(JsonFile.ReadIfThere(source), source);
        var names = (isGpt2 ? SpecialTokenNames.Gpt2 : SpecialTokenNames.Roberta).NamedBy(folder);
        var vocabulary = new Vocabulary(tokens, AddedTokens(folder, tokens, names, isGpt2));
        var addsPrefixSpace = folder.Flag("add_prefix_space") ?? false;
        var template = folder.Template(vocabulary, () => isGpt2 ? SequenceTemplate.Bare : SequenceTemplate.Roberta(vocabulary.Require(names.Start!), vocabulary.Require(names.Separator!)));
        var trimming = folder.Flag("trim_offsets") ?? !isGpt2 ? new SpaceTrimming(addsPrefixSpace) : null;
        return new TokenizerParts
        {
            Normalizers = [],
            PreTokenizers = [.. PreTokenizerReader.ByteLevel(addsPrefixSpace, cuts: true)],
            Model = new BpeModel(tokens, ReadMerges(folder.File(MergesFile)), new BpeOptions()),
            Vocabulary = vocabulary,
            Template = template with { Trimming = trimming },
            Decoders = [new ByteLevelDecoder()],
            CleansUpSpaces = folder.CleansUpSpaces,
            SplitsSpecialTokens = folder.SplitsSpecialTokens,
            PadId = vocabulary.Require(names.Pad ?? names.Separator!),
            UnknownId = vocabulary.IdOf(names.Unknown!),
            MaskId = names.Mask is { } mask ? vocabulary.IdOf(mask) : null,
        };
    }

    // GPT-2's one special token comes behind the vocabulary where that lacks it.
    private static List<AddedToken> AddedTokens(TokenizerFolder folder, Dictionary<string, int> tokens, SpecialTokenNames names, bool isGpt2)
    {
        var added = AddedTokenReader.Read(folder, tokens, names.Tokens).ToList();
        foreach (var token in isGpt2 ? names.Tokens : [])
        {
            if (added.TrueForAll(known => known.Content != token.Content))
                added.Add(token with { Id = tokens.Values.Concat(added.Select(known => known.Id)).Max() + 1 });
        }

        return added;
    }

    // The first line is a comment on the version; later lines that begin with # are merges.
    private static List<(string Left, string Right)> ReadMerges(string file)
    {
        RegularFile.Require(file);
        var lines = File.ReadLines(file, Encoding.UTF8).Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal)));
        return [.. lines.Select(line => line.Split(' ') is [var left, var right] ? (left, right) : throw new CheckpointException(file, $"has the line '{line}', which is not a pair of tokens."))];
    }
}
