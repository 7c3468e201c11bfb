using AdaLora.Transformers;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Loads the checkpoint that a run starts from, with a new head.</summary>
internal static class BaseModel
{
    /// <exception cref="UserInputException">The tokenizer belongs to another model.</exception>
    public static SequenceClassifier Load(string folder, TrainSettings settings, TextTokenizer tokenizer, Device device, ILogger? logger = null)
    {
        var model = AutoModel.SequenceClassifier(folder, settings.Task.LabelCount, new PretrainedOptions { Device = device, Seed = settings.Seed, NewHead = true, Logger = logger ?? NullLogger.Instance });
        var words = model.Encoder.Config.VocabularySize;
        if (tokenizer.VocabularySize <= words)
            return model;
        model.Dispose();
        throw new UserInputException($"The tokenizer in '{folder}' has {tokenizer.VocabularySize} tokens, the model embeds {words}: they belong to different checkpoints.");
    }
}
