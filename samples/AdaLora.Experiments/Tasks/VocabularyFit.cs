using AdaLora.Experiments.Programs;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Experiments.Tasks;

/// <summary>Whether a tokenizer and a model belong together.</summary>
internal static class VocabularyFit
{
    /// <exception cref="UserInputException">There are tokens that the model does not embed.</exception>
    public static void Check(TextTokenizer tokenizer, int words, string checkpoint)
    {
        if (tokenizer.VocabularySize > words)
            throw new UserInputException($"The tokenizer in '{checkpoint}' has {tokenizer.VocabularySize} tokens, but the model embeds {words}: they belong to different checkpoints.");
    }
}
