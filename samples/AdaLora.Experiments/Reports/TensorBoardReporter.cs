using AdaLora.Internals;
using TorchSharp;
using TorchSharp.Modules;

namespace AdaLora.Experiments.Reports;

/// <summary>Writes the figures of every step, of evaluations and of the ranks to a TensorBoard event file, and passes everything on.</summary>
internal sealed class TensorBoardReporter : IRunReporter
{
    private readonly IRunReporter _next;
    private readonly string _folder;
    private SummaryWriter? _writer;

    /// <param name="folder">Created if necessary. A resumed run adds its own file, which TensorBoard joins with the others in the folder.</param>
    /// <param name="next">Receives everything as well.</param>
    /// <exception cref="IOException">The folder can't be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to it is denied.</exception>
    public TensorBoardReporter(string folder, IRunReporter next)
    {
        _next = next;
        _folder = folder;
        try
        {
            _writer = torch.utils.tensorboard.SummaryWriter(folder);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, folder);
        }
    }

    public void Note(string message) => _next.Note(message);

    public void Downloading(string file, long received, long? total) => _next.Downloading(file, received, total);

    public void Tokenizing(string file, int done, int total) => _next.Tokenizing(file, done, total);

    public void Step(TrainingStatus status)
    {
        (string Tag, double? Value)[] figures =
        [
            ("train/loss", status.Loss),
            ("train/learning_rate", status.LearningRate),
            ("train/penalty", status.Penalty),
            ("train/loss_scale", status.LossScale),
            ("rank/budget", status.Budget),
            ("rank/live", status.LiveRank),
        ];
        foreach (var (tag, value) in figures)
            Add(tag, value, status.Step);
        foreach (var module in status.Allocation ?? [])
        {
            Add($"rank_of/{module.Module}", module.Rank, status.Step);
            Add($"importance_of/{module.Module}", module.Importance, status.Step);
        }

        _next.Step(status);
    }

    public void Evaluated(TaskEvaluation evaluation)
    {
        foreach (var (name, value) in evaluation.Metrics)
            Add($"dev/{name}", value, evaluation.Step);
        Add("dev/loss", evaluation.Loss, evaluation.Step);
        _next.Evaluated(evaluation);
    }

    private void Add(string tag, double? value, int step)
    {
        if (value is not { } number)
            return;
        try
        {
            _writer?.add_scalar(tag, (float)number, step);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            // Training is worth more than its figures.
            _writer = null;
            _next.Note($"No more figures are written for TensorBoard: {WriteFailure.Explain(e, _folder).Message}");
        }
    }
}
