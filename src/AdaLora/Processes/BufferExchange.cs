using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>
/// Running statistics and other buffers that training changes as a side effect. Each process changes its own, by the batches it computes; wherever they count, all take those of process 0.
/// Batch normalisation changes its averages without libtorch's counting the change, so all buffers are exchanged each time.
/// </summary>
internal static class BufferExchange
{
    /// <summary>Gives all processes the buffers of process 0.</summary>
    public static void Share(IProcessGroup group, nn.Module model)
    {
        if (group.Size == 1)
            return;
        using var noGrad = no_grad();
        foreach (var (_, buffer) in model.named_buffers())
        {
            if (buffer.is_contiguous())
                group.Broadcast(buffer, root: 0);
        }
    }
}
