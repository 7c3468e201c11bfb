using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue;

/// <summary>A classifier as a finished run left it, with its tokenizer.</summary>
internal sealed class TrainedClassifier(GlueTask task, SequenceClassifier model, PreparedModel prepared, TextTokenizer tokenizer, string baseFolder) : IDisposable
{
    public GlueTask Task => task;

    public SequenceClassifier Model => model;

    public PreparedModel Prepared => prepared;

    public TextTokenizer Tokenizer => tokenizer;

    /// <summary>The folder of the checkpoint that was fine-tuned.</summary>
    public string BaseFolder => baseFolder;

    public void Dispose()
    {
        prepared.Dispose();
        model.Dispose();
    }
}
