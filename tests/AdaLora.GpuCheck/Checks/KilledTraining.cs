using System.Diagnostics;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>A training that is killed, and the one that is not.</summary>
internal static class KilledTraining
{
    public const int Steps = 60, KilledAt = 47;

    /// <summary>Trains in this process until it kills itself: without a chance to tidy up.</summary>
    public static int Run(CheckOptions options, string folder)
    {
        Worker.Prepare(options);
        _ = Rehearse(options.IsOnCard ? CUDA : CPU, folder, dropout: 0.2, batch =>
        {
            if (batch == KilledAt)
                Process.GetCurrentProcess().Kill();
        }).Run();
        return 0;
    }

    /// <param name="device">Where to train.</param>
    /// <param name="folder">Where checkpoints are.</param>
    /// <param name="dropout">Before the adapters.</param>
    /// <param name="before">Called with the number of each batch of this process before it is used.</param>
    public static Rehearsal Rehearse(Device device, string folder, double dropout, Action<int>? before = null)
    {
        var rehearsal = Rehearsal.Long(folder, Steps);
        return rehearsal with
        {
            Adapters = rehearsal.Adapters with { Dropout = dropout },
            Model = () =>
            {
                var model = new TinyModel();
                _ = model.to(device);
                return model;
            },
            Batches = () => new Moved(new Rehearsal.Counted(), device, before),
        };
    }

    private sealed class Moved(Rehearsal.Counted batches, Device device, Action<int>? before) : IEnumerable<(Tensor Inputs, Tensor Labels)>
    {
        private int _count;

        public IEnumerator<(Tensor Inputs, Tensor Labels)> GetEnumerator()
        {
            foreach (var (inputs, labels) in batches)
            {
                before?.Invoke(++_count);
                yield return (inputs.to(device), labels.to(device));
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
