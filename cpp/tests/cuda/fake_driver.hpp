#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cuda/plugin/driver.hpp"
#include "faults.hpp"

namespace kilomark::cuda {

// A driver without a GPU, for tests. "Device memory" is memory of the host; work on a stream is
// done when somebody waits for it and not before, so that a missing wait gives wrong results;
// captured work is done when its graph is launched. Every address is checked against what is
// allocated.
class FakeDriver final : public Driver {
 public:
  using Work = std::function<int()>;  // returns an error of CUDA

  Faults faults;
  int num_devices = 2;
  int newest_cuda = 13000;
  int foreign_device = -1;  // of memory that is not this driver's; then any of it can be read
  bool is_integrated = false;
  bool has_foreign = false;                  // a context that the runtime does not use
  bool is_unloading = false;                 // the process ends, and the runtime is gone
  std::function<void()> before_synchronize;  // called without any lock

  // How many memories, streams, events and graphs there are.
  [[nodiscard]] std::size_t num_live() const;
  [[nodiscard]] int count(const std::string& call) const;
  [[nodiscard]] int count_all() const;
  [[nodiscard]] std::size_t copied_bytes() const;  // by copies, since the counts were reset
  void reset_counts();

  // 0, or the code that this call fails with; of what is captured, the call is "captured ...".
  int fault(const std::string& call);

  // Puts work on a stream, or in the graph that is captured from it.
  int enqueue(StreamHandle stream, Work work);
  [[nodiscard]] bool is_capturing(StreamHandle stream) const;
  // Whether all bytes lie in one memory that is there.
  [[nodiscard]] bool is_allocated(const void* memory, std::size_t bytes) const;
  // Memory of another owner on a device; pinned memory of the host on device -1.
  void add_foreign(const void* memory, std::size_t bytes, int device);

  int driver_version(int* version) final;
  int runtime_version(int* version) final;
  int device_count(int* count) final;
  int device_info(int device, DeviceInfo* info) final;
  int current_device(int* device) final;
  int set_device(int device) final;
  int has_foreign_context(bool* is_foreign) final;
  int allocate(void** memory, std::size_t bytes) final;
  int free(void* memory) final;
  int allocate_pinned(void** memory, std::size_t bytes) final;
  int free_pinned(void* memory) final;
  int device_address(void** device, const void* pinned) final;
  int copy(void* to, const void* from, std::size_t bytes, StreamHandle stream) final;
  int copy_rows(void* to, std::size_t to_stride, const void* from, std::size_t from_stride,
                std::size_t row_bytes, std::size_t rows, StreamHandle stream) final;
  int clear(void* memory, std::size_t bytes, StreamHandle stream) final;
  int memory_info(const void* memory, MemoryInfo* info) final;
  int create_stream(StreamHandle* stream) final;
  int destroy_stream(StreamHandle stream) final;
  int synchronize(StreamHandle stream) final;
  int wait_event(StreamHandle stream, EventHandle event) final;
  int create_event(EventHandle* event, bool is_timed) final;
  int destroy_event(EventHandle event) final;
  int record_event(EventHandle event, StreamHandle stream) final;
  int elapsed_ms(float* ms, EventHandle start, EventHandle end) final;
  int begin_capture(StreamHandle stream) final;
  int end_capture(StreamHandle stream, GraphHandle* graph) final;
  int instantiate(GraphExecHandle* exec, GraphHandle graph) final;
  int destroy_graph(GraphHandle graph) final;
  int destroy_exec(GraphExecHandle exec) final;
  int upload_graph(GraphExecHandle exec, StreamHandle stream) final;
  int launch_graph(GraphExecHandle exec, StreamHandle stream) final;
  int launch_crops(const CropLaunch& launch, StreamHandle stream) final;
  int take_last_error() final;
  const char* error_name(int code) final;
  const char* error_message(int code) final;

 private:
  struct Block {
    std::unique_ptr<std::byte[]> owned;  // null: of another owner
    const std::byte* start = nullptr;
    std::size_t size = 0;
    int device = -1;  // -1: pinned
  };
  struct FakeStream {
    std::vector<Work> pending;
    std::unique_ptr<std::vector<Work>> captured;  // null: not capturing
    bool is_capture_broken = false;
  };
  struct FakeEvent {
    StreamHandle stream = nullptr;  // where it was last recorded
    bool is_done = false;
    bool is_timed = false;
  };

  int next(const char* call);
  [[nodiscard]] const Block* find_block(const void* memory) const;
  int allocate_block(void** memory, std::size_t bytes, int device);
  int free_block(void* memory, bool pinned);
  int flush(StreamHandle stream);
  [[nodiscard]] FakeStream& find(StreamHandle stream);

  mutable std::recursive_mutex mutex_;
  [[nodiscard]] bool can_read(const CropItem& item) const;

  std::map<std::string, int> counts_;
  std::size_t copied_bytes_ = 0;
  std::map<const std::byte*, Block> blocks_;
  std::size_t num_owned_ = 0;
  std::map<StreamHandle, FakeStream> streams_;
  std::map<EventHandle, FakeEvent> events_;
  std::map<GraphHandle, std::vector<Work>> graphs_;
  std::map<GraphExecHandle, std::vector<Work>> execs_;
  std::uintptr_t next_handle_ = 0x1000;
};

}  // namespace kilomark::cuda
