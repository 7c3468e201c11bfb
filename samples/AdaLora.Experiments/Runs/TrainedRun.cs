using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Runs;

/// <summary>A model as a finished run left it.</summary>
/// <param name="model">The model.</param>
/// <param name="attachment">What the run trained, in it.</param>
/// <param name="baseFolder">The folder of the checkpoint that was fine-tuned.</param>
internal sealed class TrainedRun(ITaskModel model, MethodAttachment attachment, string baseFolder) : IDisposable
{
    public ITaskModel Model => model;

    public MethodAttachment Attachment => attachment;

    public string BaseFolder => baseFolder;

    public void Dispose()
    {
        attachment.Dispose();
        model.Dispose();
    }
}
